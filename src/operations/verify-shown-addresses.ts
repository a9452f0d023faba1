import { type Address, parseAddress } from '../core/money/asset.ts'
import type { Event } from '../core/webhook/event.ts'
import { GatewayError } from '../errors.ts'
import type { Deps } from './deps.ts'
import { isDerived } from './verify-address.ts'

type Guard = Pick<Deps, 'store' | 'addressBook' | 'logger' | 'metrics'>

/**
 * Deposit addresses are shown only when they are known and derive from their account key, wherever
 * they were read: a row of a payment or the frozen text of an event may have been tampered with.
 */
export async function assertAddressesDerive(
  deps: Guard,
  addresses: Iterable<Address>,
): Promise<void> {
  const wanted = new Set(addresses)
  if (wanted.size === 0) return
  const derived = new Set<Address>()
  for (const known of await deps.store.findDepositAddresses([...wanted])) {
    const { address, fingerprint, index } = known
    if (isDerived(deps, { address, fingerprint, derivationIndex: index })) derived.add(address)
  }
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

/** The deposit addresses in the frozen text of events: of invoices, payments and payment links. */
export function addressesInEvents(events: readonly Event[]): Set<Address> {
  const found = new Set<Address>()
  for (const { payload } of events) {
    const { data } = JSON.parse(payload) as { data: EventData }
    add(found, data.address)
    add(found, data.to)
    for (const { uri } of data.payment_options ?? []) add(found, recipientOf(uri))
  }
  return found
}

type EventData = {
  readonly address?: string
  readonly to?: string
  readonly payment_options?: readonly { readonly uri: string }[]
}

function add(found: Set<Address>, text: string | undefined): void {
  const address = text === undefined ? null : parseAddress(text)
  if (address !== null) found.add(address)
}

/** Who is paid by an EIP-681 link: the `address` of a token transfer, else its target. */
function recipientOf(uri: string): string | undefined {
  const match =
    /[?&]address=(0x[0-9a-fA-F]{40})/.exec(uri) ?? /^ethereum:(0x[0-9a-fA-F]{40})/.exec(uri)
  return match?.[1]
}
