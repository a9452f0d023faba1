/** The transactions of a collection, in order, with nonces, calldata and gas limits. */
import { assert } from '../assert.ts'
import { type Address, type AssetId, nativeAssetId } from '../money/asset.ts'
import { CREATE2_DEPLOYER, delegateAddress, delegateDeployment } from './delegate-code.ts'
import { encodeSweepAll, encodeTransfer } from './encode-calls.ts'
import {
  CLEAR_BASE_GAS,
  collectBaseGas,
  collectEntryGas,
  DEPLOY_GAS,
  directCostUnits,
  GAS_PER_AUTHORIZATION,
  intrinsicGas,
  MAX_TRANSACTION_GAS,
  NATIVE_TRANSFER_GAS,
  TOKEN_TRANSFER_GAS,
} from './sweep-gas.ts'
import type {
  PlannedAuthorization,
  PlannedTransaction,
  Signer,
  SweepEntry,
  SweepFacts,
} from './sweep-plan.ts'

const ZERO_ADDRESS: Address = `0x${'0'.repeat(40)}`

/** The same facts give the same transactions, wherever it is asked. */
export function planTransactions(facts: SweepFacts): PlannedTransaction[] {
  if (facts.entries.length === 0) return []
  switch (facts.method) {
    case 'delegate':
      return planDelegated(facts)
    case 'direct':
      return facts.entries.map((entry) => planDirect(facts, entry))
    case 'top-up':
      return planTopUps(facts)
  }
}

function planDelegated(facts: SweepFacts): PlannedTransaction[] {
  const { sponsor, destination } = facts
  const from: Signer = { kind: 'sponsor', index: sponsor.index, address: sponsor.address }
  const delegate = delegateAddress(destination)
  const batches = splitIntoBatches(facts)
  const drafts: Omit<PlannedTransaction, 'nonce' | 'from'>[] = []
  if (!facts.delegateDeployed) {
    const data = delegateDeployment(destination)
    const gasLimit = DEPLOY_GAS + intrinsicGas(data)
    const draft = { to: CREATE2_DEPLOYER, valueUnits: 0n, data, gasLimit, authorizations: [] }
    drafts.push({ step: 'deploy', phase: 0, ...draft })
  }
  for (const batch of batches) {
    const accounts = batch.map(({ address }) => address)
    const data = encodeSweepAll(accounts, tokensOf(facts, batch))
    const authorizations = batch
      .filter((entry) => !entry.delegated)
      .map((entry) => authorize(entry, entry.nonce, delegate))
    const gasLimit =
      collectBaseGas(data) + batch.reduce((sum, entry) => sum + entryGas(facts, batch, entry), 0n)
    drafts.push({
      step: 'collect',
      phase: 1,
      to: delegate,
      valueUnits: 0n,
      data,
      gasLimit,
      authorizations,
    })
  }
  if (facts.clear) {
    for (const batch of batches) drafts.push(planClearing(sponsor.address, batch))
  }
  return drafts.map((draft, i) => ({ ...draft, from, nonce: sponsor.nonce + i }))
}

/** A delegation is taken back by a later one to nobody: in the same transaction it would not sweep. */
function planClearing(sponsor: Address, batch: readonly SweepEntry[]) {
  const authorizations = batch.map((entry) =>
    authorize(entry, entry.delegated ? entry.nonce : entry.nonce + 1, ZERO_ADDRESS),
  )
  const gasLimit = CLEAR_BASE_GAS + GAS_PER_AUTHORIZATION * BigInt(batch.length)
  const call = { to: sponsor, valueUnits: 0n, data: '0x' as const }
  return { step: 'clear' as const, phase: 2, ...call, gasLimit, authorizations }
}

/** All native coin of one address, less the most its own transaction may cost. */
function planDirect(facts: SweepFacts, entry: SweepEntry): PlannedTransaction {
  const units = unitsOf(entry, nativeAssetId(facts.chainId))
  const costUnits = directCostUnits(facts.fees)
  assert(units > costUnits, 'an entry is worth more than it costs')
  return {
    step: 'transfer',
    phase: 0,
    from: { kind: 'deposit', index: entry.index, address: entry.address },
    nonce: entry.nonce,
    to: facts.destination,
    valueUnits: units - costUnits,
    data: '0x',
    gasLimit: NATIVE_TRANSFER_GAS,
    authorizations: [],
  }
}

function planTopUps(facts: SweepFacts): PlannedTransaction[] {
  const { sponsor, fees, entries } = facts
  const from: Signer = { kind: 'sponsor', index: sponsor.index, address: sponsor.address }
  const topUps = entries.map((entry, i): PlannedTransaction => {
    const perTransfer = TOKEN_TRANSFER_GAS * fees.maxFeePerGasUnits + fees.extraPerTransactionUnits
    return {
      step: 'top-up',
      phase: 0,
      from,
      nonce: sponsor.nonce + i,
      to: entry.address,
      valueUnits: perTransfer * BigInt(entry.balances.length),
      data: '0x',
      gasLimit: NATIVE_TRANSFER_GAS,
      authorizations: [],
    }
  })
  const transfers = entries.flatMap((entry) =>
    entry.balances.map(
      ({ assetId, units }, i): PlannedTransaction => ({
        step: 'transfer',
        phase: 1,
        from: { kind: 'deposit', index: entry.index, address: entry.address },
        nonce: entry.nonce + i,
        to: tokenOf(facts, assetId),
        valueUnits: 0n,
        data: encodeTransfer(facts.destination, units),
        gasLimit: TOKEN_TRANSFER_GAS,
        authorizations: [],
      }),
    ),
  )
  return [...topUps, ...transfers]
}

/** In order, each as large as one transaction may be. */
function splitIntoBatches(facts: SweepFacts): SweepEntry[][] {
  const batches: SweepEntry[][] = []
  let current: SweepEntry[] = []
  for (const entry of facts.entries) {
    const grown = [...current, entry]
    const gas = grown.reduce((sum, one) => sum + entryGas(facts, grown, one), 0n)
    if (current.length > 0 && gas > MAX_TRANSACTION_GAS) {
      batches.push(current)
      current = [entry]
    } else current = grown
  }
  return [...batches, current]
}

function entryGas(facts: SweepFacts, batch: readonly SweepEntry[], entry: SweepEntry): bigint {
  const tokens = tokensOf(facts, batch).length
  const held = entry.balances.filter(({ assetId }) => assetId !== nativeAssetId(facts.chainId))
  return collectEntryGas({ tokens, transfers: held.length, authorized: !entry.delegated })
}

/** Every token that one of the batch holds, in the order of the assets. */
function tokensOf(facts: SweepFacts, batch: readonly SweepEntry[]): Address[] {
  const held = new Set(batch.flatMap(({ balances }) => balances.map(({ assetId }) => assetId)))
  return facts.assets.flatMap(({ id, token }) => (token !== null && held.has(id) ? [token] : []))
}

function authorize(entry: SweepEntry, nonce: number, delegate: Address): PlannedAuthorization {
  return { index: entry.index, address: entry.address, nonce, delegate }
}

function tokenOf({ assets }: SweepFacts, assetId: AssetId): Address {
  const token = assets.find(({ id }) => id === assetId)?.token
  assert(token !== null && token !== undefined, 'a top-up collects listed tokens')
  return token
}

function unitsOf({ balances }: SweepEntry, assetId: AssetId): bigint {
  return balances.find((balance) => balance.assetId === assetId)?.units ?? 0n
}
