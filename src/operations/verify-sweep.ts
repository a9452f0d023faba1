/** Whether the money of a collection left its addresses: judged by balances, never by a status. */
import { type Address, type AssetId, nativeAssetId } from '../core/money/asset.ts'
import type { ExpectedSweep, SignedSweep } from '../core/sweep/signed-file.ts'
import type { AccountState, SweepChain } from '../ports/sweep-chain.ts'

export type VerifiedBalance = ExpectedSweep & {
  /** Null where the token did not answer: nobody knows, and that is not zero. */
  readonly leftUnits: bigint | null
  /** Null when nothing of what was planned is left. */
  readonly fault: string | null
}

export type SweepReport = {
  readonly blockNumber: number
  readonly balances: readonly VerifiedBalance[]
  /** Addresses that still delegate although the plan takes delegations back. */
  readonly delegated: readonly Address[]
}

const ADDRESSES_PER_ROUND = 200
/** Prefix of the code of an account that delegates (EIP-7702). */
const DELEGATION = '0xef0100'

export async function verifySweep(
  { chain }: { readonly chain: SweepChain },
  { sweep, signal }: { readonly sweep: SignedSweep; readonly signal: AbortSignal },
): Promise<SweepReport> {
  const head = await chain.getHead(signal)
  const tokens = [...new Set(sweep.expected.flatMap(({ assetId }) => tokenOf(assetId) ?? []))]
  const addresses = [...new Set(sweep.expected.map(({ address }) => address))]
  const states = new Map<Address, AccountState>()
  for (let from = 0; from < addresses.length; from += ADDRESSES_PER_ROUND) {
    const part = addresses.slice(from, from + ADDRESSES_PER_ROUND)
    for (const state of await chain.readAccounts(part, tokens, head.number, signal)) {
      states.set(state.address, state)
    }
  }
  const balances: VerifiedBalance[] = []
  for (const expected of sweep.expected) {
    const state = states.get(expected.address) as AccountState
    const leftUnits = unitsIn(state, expected.assetId, tokens, chain.chainId)
    const fault = await judgeLeft(chain, sweep, expected, state, leftUnits, signal)
    balances.push({ ...expected, leftUnits, fault })
  }
  const delegated = [...states.values()].filter(({ code }) => code.startsWith(DELEGATION))
  return {
    blockNumber: head.number,
    balances,
    delegated: sweep.clear ? delegated.map(({ address }) => address) : [],
  }
}

async function judgeLeft(
  chain: SweepChain,
  sweep: SignedSweep,
  expected: ExpectedSweep,
  state: AccountState,
  leftUnits: bigint | null,
  signal: AbortSignal,
): Promise<string | null> {
  if (leftUnits === null) return 'the token did not answer: whether it is gone is not known'
  if (leftUnits < expected.units || leftUnits === 0n) return null
  return explain(chain, sweep, expected, state, leftUnits, signal)
}

/** Why a balance is still there, as far as the node can tell. */
async function explain(
  chain: SweepChain,
  sweep: SignedSweep,
  expected: ExpectedSweep,
  state: AccountState,
  leftUnits: bigint,
  signal: AbortSignal,
): Promise<string> {
  const { address: from } = expected
  const token = tokenOf(expected.assetId)
  const transfer = token === null ? null : { token, from, to: sweep.destination, units: leftUnits }
  const fault = transfer === null ? null : await chain.findTransferFault(transfer, signal)
  if (fault !== null) return `the token refuses the transfer: ${fault}`
  const wasCollected = sweep.transactions.some(({ step }) => step === 'collect')
  if (wasCollected && !sweep.clear && !state.code.startsWith(DELEGATION)) {
    return 'the address does not delegate: its authorization was passed over, plan again'
  }
  return 'the money is still there: plan again'
}

function unitsIn(
  state: AccountState,
  assetId: AssetId,
  tokens: readonly Address[],
  chainId: number,
): bigint | null {
  if (assetId === nativeAssetId(chainId)) return state.nativeUnits
  return state.tokenUnits[tokens.indexOf(tokenOf(assetId) as Address)] ?? null
}

function tokenOf(assetId: AssetId): Address | null {
  return (assetId.split('/erc20:')[1] as Address | undefined) ?? null
}
