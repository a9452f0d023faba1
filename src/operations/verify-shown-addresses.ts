import { parseAddress } from '../core/money/asset.ts'
import type { Event } from '../core/webhook/event.ts'
import { GatewayError } from '../errors.ts'
import type { Deps } from './deps.ts'
import { keepDerived } from './verify-address.ts'

export type AddressGuard = Pick<Deps, 'store' | 'addressBook' | 'logger' | 'metrics'>

/**
 * Deposit addresses are shown only when they are known and derive from their account key, wherever
 * they were read: a row of a payment, the frozen text of an event or a kept answer may have been
 * tampered with. What stands in the place of an address and is none is refused like a foreign one.
 */
export async function assertAddressesDerive(
  deps: AddressGuard,
  addresses: Iterable<string>,
): Promise<void> {
  const wanted = new Set([...addresses].map((text) => parseAddress(text) ?? text))
  if (wanted.size === 0) return
  const known = [...wanted].flatMap((text) => parseAddress(text) ?? [])
  const ours = keepDerived(deps, await deps.store.findDepositAddresses(known))
  const derived = new Set<string>(ours.map(({ address }) => address))
  for (const address of wanted) {
    if (derived.has(address)) continue
    deps.logger.error(
      { stored_address: address },
      'ALARM: an address that is not ours is not shown',
    )
    throw new GatewayError(
      'address_mismatch',
      'A stored deposit address does not derive from the store’s extended public key. ' +
        'It is not shown. Run `quittance check` and look into the database.',
    )
  }
}

/** What stands in the places of deposit addresses in the frozen text of events. */
export function addressesInEvents(events: readonly Event[]): Set<string> {
  const found = new Set<string>()
  for (const { payload } of events) {
    const { data } = JSON.parse(payload) as { data: Shown }
    collectAddresses(found, data)
  }
  return found
}

/** The same in the text of one answer. */
export function addressesInAnswer(body: string): Set<string> {
  const found = new Set<string>()
  collectAddresses(found, JSON.parse(body) as Shown)
  return found
}

/** An invoice, a payment or anything else. Nothing below `metadata`: that is the merchant's own. */
type Shown = {
  readonly address?: unknown
  readonly to?: unknown
  readonly payment_options?: readonly { readonly uri?: unknown }[]
  readonly payments?: readonly { readonly to?: unknown }[]
}

function collectAddresses(found: Set<string>, shown: Shown): void {
  const add = (value: unknown): void => {
    if (value !== undefined) found.add(typeof value === 'string' ? value : JSON.stringify(value))
  }
  add(shown.address)
  add(shown.to)
  for (const { to } of shown.payments ?? []) add(to)
  for (const { uri } of shown.payment_options ?? []) {
    add(typeof uri === 'string' ? recipientOf(uri) : uri)
  }
}

/** As core/invoice/payment-uri writes them; a link of any other form is nobody's. */
const COIN_LINK = /^ethereum:(0x[0-9a-fA-F]{40})@\d+\?value=\d+$/
const TOKEN_LINK =
  /^ethereum:0x[0-9a-fA-F]{40}@\d+\/transfer\?address=(0x[0-9a-fA-F]{40})&uint256=\d+$/

/** Who is paid by an EIP-681 link; the whole link when it does not say so clearly. */
function recipientOf(uri: string): string {
  const match = COIN_LINK.exec(uri) ?? TOKEN_LINK.exec(uri)
  return match?.[1] ?? uri
}
