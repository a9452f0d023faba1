import type { Address } from '../../core/money/asset.ts'
import { ChainSourceError } from '../../errors.ts'
import { requireResult } from './json-rpc-client.ts'
import { isRevert } from './judge-rpc-error.ts'
import type { EvmNode } from './node.ts'

const CALL = 'eth_call'
/** `decimals()`, ERC-20. */
const DECIMALS_SELECTOR = '0x313ce567'
const WORD = /^0x[0-9a-fA-F]{64}$/
/** `decimals` is a uint8. */
const MAX_DECIMALS = 255n

/** Null only where the chain says so: no code there, a revert, or a word that is no uint8. */
export async function readTokenDecimals(
  node: EvmNode,
  token: Address,
  signal: AbortSignal,
): Promise<number | null> {
  const call = [{ to: token, data: DECIMALS_SELECTOR }, 'latest']
  const answer = await node.client.call(CALL, call, signal)
  if (answer.kind === 'refused' && isRevert(answer)) return null
  const value = requireResult(node.client, CALL, answer)
  if (typeof value !== 'string') {
    throw new ChainSourceError('malformed', `${CALL}: the result is not bytes of hex`)
  }
  if (!WORD.test(value)) return null
  const decimals = BigInt(value)
  return decimals > MAX_DECIMALS ? null : Number.parseInt(value, 16)
}
