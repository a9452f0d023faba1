/** Payments to invoices, as shoppers make them. */
import type { TransactionOptions } from '../../hardhat-local/src/sign-transaction.ts'
import type { PaymentWorld } from './payment-world.ts'

type Hex = `0x${string}`

export type InvoicePayment = TransactionOptions & {
  /** Default: USDC. */
  asset?: string
  /** Default: what is due in this asset. */
  units?: bigint
}

/** What is due in an asset, in its smallest units. */
export function unitsDue(invoice: any, asset: string): bigint {
  const option = invoice.payment_options.find((candidate: any) => candidate.asset === asset)
  if (option === undefined) throw new Error(`${invoice.id} does not offer ${asset}`)
  return BigInt(option.amount_due_units)
}

/** Sends a payment and returns its hash; it waits in the mempool until a block is mined. */
export function payInvoice(
  world: PaymentWorld,
  invoice: any,
  payment: InvoicePayment = {},
): Promise<Hex> {
  const { token, ...transfer } = planPayment(world, invoice, payment)
  return token === null
    ? world.chain.sendNative(transfer)
    : world.chain.sendToken({ token, ...transfer })
}

/** The same signed and not sent, for `reorg`. */
export function signPayment(
  world: PaymentWorld,
  invoice: any,
  payment: InvoicePayment = {},
): Promise<Hex> {
  const { token, ...transfer } = planPayment(world, invoice, payment)
  return token === null
    ? world.chain.signNative(transfer)
    : world.chain.signToken({ token, ...transfer })
}

function planPayment(world: PaymentWorld, invoice: any, payment: InvoicePayment) {
  const { asset = world.usdc.asset, units = unitsDue(invoice, asset), ...options } = payment
  const [, address] = asset.split('/erc20:')
  const token = address === undefined ? null : (address as Hex)
  return { token, to: invoice.address as Hex, units, ...options }
}

/** The types of an invoice's events, oldest first. */
export async function storyOf(world: PaymentWorld, invoice: any): Promise<string[]> {
  return (await world.eventsOf(invoice.id)).map(({ type }) => type)
}
