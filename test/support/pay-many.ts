/** Payments in bulk, and the small sums that payment scenarios share. */
import { expect } from 'vitest'
import type { GatewayProcess } from './gateway-process.ts'
import type { PaymentWorld } from './payment-world.ts'

type Hex = `0x${string}`
export type Transfer = { readonly to: Hex; readonly units: bigint }

/** A hundred transfers fit the gas limit of one call. */
const PER_CALL = 100
/** The node's own accounts come from the same mnemonic as the deposit addresses. */
const DEV_ACCOUNTS = 10

export type BatchPayer = {
  readonly address: Hex
  /** One transaction per hundred transfers, unmined; each must succeed when it is mined. */
  payToken(token: Hex, transfers: readonly Transfer[]): Promise<Hex[]>
  /** Any function of the contract that takes recipients and amounts. */
  payNative(
    functionName: 'payNative' | 'payThenRevert' | 'payInRevertedFrame',
    transfers: readonly Transfer[],
  ): Promise<Hex>
}

/** Deploys the contract and lets it spend the payer's tokens. */
export async function deployBatchPayer(
  { chain, mine }: PaymentWorld,
  tokens: readonly Hex[],
): Promise<BatchPayer> {
  const { address } = await chain.deploy('BatchPayer')
  for (const token of tokens) {
    await chain.sendCall({
      contract: 'TestToken',
      address: token,
      functionName: 'approve',
      args: [address, 2n ** 255n],
    })
  }
  await mine()
  const call = { contract: 'BatchPayer', address } as const
  return {
    address,
    async payToken(token, transfers) {
      const hashes: Hex[] = []
      for (let first = 0; first < transfers.length; first += PER_CALL) {
        const part = transfers.slice(first, first + PER_CALL)
        const args = [token, part.map(({ to }) => to), part.map(({ units }) => units)]
        hashes.push(await chain.sendCall({ ...call, functionName: 'payToken', args }))
      }
      return hashes
    },
    payNative(functionName, transfers) {
      const args = [transfers.map(({ to }) => to), transfers.map(({ units }) => units)]
      return chain.sendCall({ ...call, functionName, args, units: sum(transfers) })
    },
  }
}

/**
 * Uses up the indexes whose addresses are the node's own accounts: a payment from account 1 to
 * invoice 1 would be one to itself.
 */
export async function skipDevAccounts(world: PaymentWorld): Promise<void> {
  const made = await inParallel(Array.from({ length: DEV_ACCOUNTS }), () => world.createInvoice())
  const addresses = new Set(made.map(({ address }) => address.toLowerCase()))
  for (const { address } of world.chain.accounts) {
    expect(addresses).toContain(address.toLowerCase())
  }
}

/** Fails unless every transaction is in a block with this status. */
export async function expectMined(
  { chain }: PaymentWorld,
  hashes: readonly Hex[],
  status: 'ok' | 'failed' = 'ok',
): Promise<void> {
  const receipts = await Promise.all(hashes.map((hash) => chain.receipt(hash)))
  const wanted = status === 'ok' ? '0x1' : '0x0'
  expect(receipts.map((receipt) => receipt?.status)).toEqual(hashes.map(() => wanted))
}

/** Nothing was ever counted for the invoice, listed or told of, and nothing is shown as paid. */
export async function expectUntouched(world: PaymentWorld, id: string): Promise<void> {
  const invoice = await world.getInvoice(id)
  const paid = { underpaid: false, overpaid: false, late: false }
  expect(invoice).toMatchObject({ status: 'open', payments_total: 0, payments: [], paid })
  for (const option of invoice.payment_options) {
    expect([option.outstanding, option.excess]).toEqual([option.amount_due, '0'])
  }
  expect(typesOf(await world.eventsOf(id))).toEqual(['invoice.created'])
  const { body } = await world.gateway.request('GET', `/v1/payments?invoice=${id}`)
  expect(body.data).toEqual([])
}

/** At most `width` at a time: no burst of connections where none is meant. */
export async function inParallel<In, Out>(
  inputs: readonly In[],
  run: (input: In, index: number) => Promise<Out>,
  width = 25,
): Promise<Out[]> {
  const results: Out[] = []
  let next = 0
  const work = async () => {
    while (next < inputs.length) {
      const index = next++
      results[index] = await run(inputs[index] as In, index)
    }
  }
  await Promise.all(Array.from({ length: width }, work))
  return results
}

/** Every invoice of the gateway, by id, read page by page. */
export async function readAllInvoices(gateway: GatewayProcess): Promise<Map<string, any>> {
  const invoices = new Map<string, any>()
  let cursor: string | null = null
  do {
    const after: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`
    const { status, body } = await gateway.request('GET', `/v1/invoices?limit=100${after}`)
    expect(status).toBe(200)
    for (const invoice of body.data) invoices.set(invoice.id, invoice)
    cursor = body.next_cursor
  } while (cursor !== null)
  return invoices
}

/** The option of an asset; the first one without a name. */
export function optionOf(invoice: any, asset?: string): any {
  const options: any[] = invoice.payment_options
  return asset === undefined ? options[0] : options.find((option) => option.asset === asset)
}

export function typesOf(events: readonly any[]): string[] {
  return events.map(({ type }) => type)
}

export function countType(events: readonly any[], type: string): number {
  return typesOf(events).filter((one) => one === type).length
}

/** Units a wallet would send that scans this link. */
export function unitsInUri(uri: string): string | undefined {
  return /[?&](?:uint256|value)=([0-9]+)$/.exec(uri)?.[1]
}

/** xorshift32: the same numbers for the same seed, everywhere. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state ^= state << 13
    state >>>= 0
    state ^= state >>> 17
    state ^= state << 5
    state >>>= 0
    return state / 2 ** 32
  }
}

function sum(transfers: readonly Transfer[]): bigint {
  return transfers.reduce((total, { units }) => total + units, 0n)
}
