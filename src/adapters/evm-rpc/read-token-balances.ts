/**
 * What addresses have of a token: the cross-check of Transfer events. Each question is pinned to a
 * block: by hash (EIP-1898) where the node takes it, else by height, with the header of that height
 * read before and after in the same request.
 */
import type { BlockRef } from '../../core/chain/block.ts'
import { ChainSourceError } from '../../errors.ts'
import type { BalanceQuestion } from '../../ports/chain-source.ts'
import { decodeHeader } from './decode-answers.ts'
import type { RpcAnswer, RpcCall } from './json-rpc-client.ts'
import { requireResult } from './json-rpc-client.ts'
import { isRevert } from './judge-rpc-error.ts'
import type { EvmNode } from './node.ts'

const CALL = 'eth_call'
const BY_NUMBER = 'eth_getBlockByNumber'
/** `balanceOf(address)`, ERC-20. */
const BALANCE_OF = '0x70a08231'
const WORD = /^0x[0-9a-fA-F]{64}$/
/** JSON-RPC 2.0: the node has the method and does not take parameters of this form. */
const INVALID_PARAMS = -32602

type Pin = BalanceQuestion['block']

/** As the port says; a node that does not have the state of a block says null for it. */
export async function readTokenBalances(
  node: EvmNode,
  questions: readonly BalanceQuestion[],
  signal: AbortSignal,
): Promise<(bigint | null)[]> {
  if (!node.callsByHash) return readByNumber(node, questions, signal)
  const calls = questions.map((one) => balanceCall(one, { blockHash: one.block.hash }))
  const answers = await node.client.batch(calls, signal)
  if (!answers.some(isFormRefused)) return answers.map(readBalance)
  node.callsByHash = false
  return readByNumber(node, questions, signal)
}

async function readByNumber(
  node: EvmNode,
  questions: readonly BalanceQuestion[],
  signal: AbortSignal,
): Promise<(bigint | null)[]> {
  const pins = [...new Map(questions.map(({ block }) => [block.number, block])).values()]
  const headers = pins.map(({ number }) => headerCall(number))
  const calls = questions.map((one) => balanceCall(one, toQuantity(one.block.number)))
  const answers = await node.client.batch([...headers, ...calls, ...headers], signal)
  const before = answers.slice(0, pins.length)
  const after = answers.slice(pins.length + calls.length)
  for (const [place, pin] of pins.entries()) {
    assertHeld(node, pin, before[place] as RpcAnswer)
    assertHeld(node, pin, after[place] as RpcAnswer)
  }
  return answers.slice(pins.length, pins.length + calls.length).map(readBalance)
}

function balanceCall({ token, holder }: BalanceQuestion, block: unknown): RpcCall {
  const data = `${BALANCE_OF}${holder.slice(2).padStart(64, '0')}`
  return { method: CALL, params: [{ to: token, data }, block] }
}

export function headerCall(number: number): RpcCall {
  return { method: BY_NUMBER, params: [toQuantity(number), false] }
}

function isFormRefused(answer: RpcAnswer): boolean {
  return answer.kind === 'refused' && answer.code === INVALID_PARAMS
}

/** A contract that reverts or answers no word has nothing; a node that says no is not asked again. */
function readBalance(answer: RpcAnswer): bigint | null {
  if (answer.kind === 'refused') return isRevert(answer) ? 0n : null
  if (answer.kind !== 'result' || typeof answer.value !== 'string') return null
  return WORD.test(answer.value) ? BigInt(answer.value) : 0n
}

/** An empty range means something only where the node holds the block it ends in. */
export function assertHeld(node: EvmNode, pin: Pin, answer: RpcAnswer): void {
  const value = requireResult(node.client, BY_NUMBER, answer)
  const header: BlockRef | null = value === null ? null : decodeHeader(value, BY_NUMBER)
  if (header?.hash === pin.hash) return
  const text = `${node.client.name} does not have block ${pin.number} ${pin.hash}`
  throw new ChainSourceError('not_there', text)
}

function toQuantity(number: number): string {
  return `0x${number.toString(16)}`
}
