import { remainderIn } from '../core/invoice/assess-payments.ts'
import { type Asset, type AssetId, toChecksumAddress } from '../core/money/asset.ts'
import { formatDecimal, parseDecimal } from '../core/money/decimal.ts'
import { GatewayError, invalidField } from '../errors.ts'
import type { InvoiceWithPayments } from '../ports/store.ts'
import type { Deps } from './deps.ts'
import type { IdempotencyTicket } from './idempotency.ts'
import { keepResult, requireTestChain, type TestChains } from './test-chain-access.ts'
import { assertServable } from './verify-address.ts'

export type SimulatePaymentRequest = {
  readonly storeId: string
  readonly invoiceId: string
  /** Null: the first payment option on a test chain. May be one the invoice does not accept. */
  readonly assetId: AssetId | null
  /** Decimal text (`amount`) or whole units (`amount_units`); null: all that is outstanding. */
  readonly amount: { readonly text: string; readonly inUnits: boolean } | null
  readonly idempotency: IdempotencyTicket
}

type SimulateDeps = Pick<
  Deps,
  'store' | 'chains' | 'clock' | 'addressBook' | 'logger' | 'metrics'
> &
  TestChains

/** Sends money to an invoice. It is seen when its block is; where the node does not mine, mine. */
export async function simulatePayment(deps: SimulateDeps, request: SimulatePaymentRequest) {
  const [loaded] = await deps.store.loadInvoices([request.invoiceId])
  if (loaded === undefined || loaded.invoice.storeId !== request.storeId) {
    throw new GatewayError('not_found', 'There is no such invoice.')
  }
  assertServable(deps, loaded.invoice)
  const asset = chooseAsset(deps, loaded, request.assetId)
  const chain = requireTestChain(deps, asset.chainId)
  const units = chooseUnits(loaded, asset, request.amount)
  const txHash = await chain.pay(asset, loaded.invoice.address, units)
  const result = {
    object: 'test_payment' as const,
    invoice: loaded.invoice.id,
    asset: asset.id,
    amount: formatDecimal(units, asset.decimals),
    amount_units: units.toString(),
    to: toChecksumAddress(loaded.invoice.address),
    tx_hash: txHash,
  }
  await keepResult(deps, request.idempotency, result)
  return result
}

function chooseAsset(
  { chains }: Pick<Deps, 'chains'>,
  { invoice }: InvoiceWithPayments,
  assetId: AssetId | null,
): Asset {
  if (assetId === null) {
    const option = invoice.terms.options.find(({ asset }) => chains.get(asset.chainId)?.test)
    if (option !== undefined) return option.asset
    throw new GatewayError('not_found', 'This invoice is on no test chain.')
  }
  const asset = chains
    .list()
    .flatMap((chain) => chain.assets)
    .find(({ id }) => id === assetId)
  if (asset === undefined) throw invalidField('/asset', 'unknown_asset', 'is not an enabled asset')
  return asset
}

function chooseUnits(
  { invoice, payments }: InvoiceWithPayments,
  asset: Asset,
  amount: SimulatePaymentRequest['amount'],
): bigint {
  if (amount !== null) {
    const parsed = parseDecimal(amount.text, amount.inUnits ? 0 : asset.decimals)
    const pointer = amount.inUnits ? '/amount_units' : '/amount'
    if (!parsed.ok) throw invalidField(pointer, parsed.fault, 'must be an amount of this asset')
    if (parsed.units === 0n) throw invalidField(pointer, 'not_positive', 'must be above zero')
    return parsed.units
  }
  const option = invoice.terms.options.find((candidate) => candidate.asset.id === asset.id)
  if (option === undefined) {
    throw invalidField('/amount', 'required', 'is needed for an asset the invoice does not accept')
  }
  const { outstandingUnits } = remainderIn(invoice, option, payments)
  if (outstandingUnits > 0n) return outstandingUnits
  throw new GatewayError(
    'not_acceptable_state',
    'Nothing is outstanding; give an amount to pay more.',
  )
}
