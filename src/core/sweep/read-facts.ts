/** The facts of a plan file, every field in the one form we write. Nothing is believed but form. */
import type { Address, Asset } from '../money/asset.ts'
import {
  asAddress,
  asAssetId,
  asBoolean,
  asHash,
  asIndex,
  asInteger,
  asList,
  asObject,
  asText,
  asUnits,
  asWord,
  type Fields,
  type ReadResult,
  readFields,
  wrong,
} from './read-fields.ts'
import type {
  Balance,
  CommonFacts,
  SkippedBalance,
  SkipReason,
  Sponsor,
  SweepEntry,
  SweepFacts,
  SweepMethod,
} from './sweep-plan.ts'

/** More is not a plan of ours: the tool makes several. */
export const ENTRIES_MAX = 5_000
export const ASSETS_MAX = 200
const FINGERPRINT = /^[0-9a-f]{32}$/
const SYMBOL = /^[!-.0-~]{1,16}$/
const DECIMALS_MAX = 36
const METHODS: readonly SweepMethod[] = ['delegate', 'direct', 'top-up']
const REASONS: readonly SkipReason[] = ['dust', 'costs_more', 'method']

export function readFacts(value: unknown): ReadResult<SweepFacts> {
  return readFields(() => readPlanObject(value))
}

function readPlanObject(value: unknown): SweepFacts {
  const plan = asObject(value, 'the file')
  if (plan.kind !== 'quittance-sweep-plan') throw wrong('kind', 'is not that of a sweep plan')
  if (plan.version !== 1) throw wrong('version', 'is not known to this program')
  const delegate = asObject(plan.delegate, 'delegate')
  const common = readCommonFacts(plan)
  const ids: ReadonlySet<string> = new Set(common.assets.map(({ id }) => id))
  return {
    ...common,
    destination: asAddress(plan.destination, 'destination'),
    method: asWord(plan.method, 'method', METHODS),
    clear: asBoolean(plan.clear, 'clear'),
    sponsor: readInternal(plan.sponsor, 'sponsor'),
    delegateDeployed: asBoolean(delegate.deployed, 'delegate.deployed'),
    entries: asList(plan.entries, 'entries', ENTRIES_MAX, (item, at) => readEntry(item, at, ids)),
    skipped: asList(plan.skipped, 'skipped', ENTRIES_MAX * ASSETS_MAX, (item, at) =>
      readSkipped(item, at, ids),
    ),
  }
}

/** What every plan says first: where, when, whose, at what fees, of what assets. */
export function readCommonFacts(plan: Fields): CommonFacts {
  const block = asObject(plan.block, 'block')
  const account = asObject(plan.account, 'account')
  const fees = asObject(plan.fees, 'fees')
  const chainId = asInteger(plan.chain_id, 'chain_id', 1)
  if (plan.chain !== `eip155:${chainId}`) throw wrong('chain_id', 'is not the one of "chain"')
  return {
    chainId,
    block: {
      number: asInteger(block.number, 'block.number', 0),
      hash: asHash(block.hash, 'block.hash'),
    },
    fingerprint: asText(account.fingerprint, 'account.fingerprint', FINGERPRINT),
    accountNumber: asIndex(account.number, 'account.number'),
    fees: {
      maxFeePerGasUnits: asUnits(fees.max_fee_per_gas, 'fees.max_fee_per_gas'),
      maxPriorityFeePerGasUnits: asUnits(
        fees.max_priority_fee_per_gas,
        'fees.max_priority_fee_per_gas',
      ),
      extraPerTransactionUnits: asUnits(fees.extra_per_transaction, 'fees.extra_per_transaction'),
    },
    assets: asList(plan.assets, 'assets', ASSETS_MAX, (item, at) => readAsset(item, at, chainId)),
  }
}

/** An account of the internal chain, as `renderInternal` writes it. */
export function readInternal(value: unknown, field: string): Sponsor {
  const account = asObject(value, field)
  return {
    index: asIndex(account.index, `${field}.index`),
    address: asAddress(account.address, `${field}.address`),
    nonce: asInteger(account.nonce, `${field}.nonce`, 0),
    balanceUnits: asUnits(account.balance, `${field}.balance`),
  }
}

function readAsset(value: unknown, at: string, chainId: number): Asset {
  const asset = asObject(value, at)
  const id = asAssetId(asset.id, `${at}.id`)
  const token = id.split('/erc20:')[1] as Address | undefined
  if (!id.startsWith(`eip155:${chainId}/`)) throw wrong(`${at}.id`, 'is of another chain')
  return {
    id,
    chainId,
    token: token ?? null,
    symbol: asText(asset.symbol, `${at}.symbol`, SYMBOL),
    decimals: asInteger(asset.decimals, `${at}.decimals`, 0, DECIMALS_MAX),
  }
}

function readEntry(value: unknown, at: string, ids: ReadonlySet<string>): SweepEntry {
  const entry = asObject(value, at)
  return {
    index: asIndex(entry.index, `${at}.index`),
    address: asAddress(entry.address, `${at}.address`),
    nonce: asInteger(entry.nonce, `${at}.nonce`, 0),
    delegated: asBoolean(entry.delegated, `${at}.delegated`),
    balances: asList(entry.balances, `${at}.balances`, ASSETS_MAX, (item, place) =>
      readBalance(item, place, ids),
    ),
  }
}

function readSkipped(value: unknown, at: string, ids: ReadonlySet<string>): SkippedBalance {
  const skipped = asObject(value, at)
  return {
    index: asIndex(skipped.index, `${at}.index`),
    address: asAddress(skipped.address, `${at}.address`),
    ...readBalance(value, at, ids),
    reason: asWord(skipped.reason, `${at}.reason`, REASONS),
  }
}

function readBalance(value: unknown, at: string, ids: ReadonlySet<string>): Balance {
  const balance = asObject(value, at)
  const assetId = asAssetId(balance.asset, `${at}.asset`)
  if (!ids.has(assetId)) throw wrong(`${at}.asset`, 'is not among the assets of the plan')
  const units = asUnits(balance.units, `${at}.units`)
  if (units === 0n) throw wrong(`${at}.units`, 'is zero')
  return { assetId, units }
}
