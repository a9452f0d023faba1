/** What blocks hold for us: transfers to anyone, whose recipients are ours, and what left our addresses. */
import type { VerifiedBlock } from '../core/chain/block.ts'
import type { ChainSettings } from '../core/chain/chain-settings.ts'
import type { Transfer } from '../core/chain/transfer.ts'
import type { Address } from '../core/money/asset.ts'
import { matchOutflows, type Outflow } from '../core/payment/outflow.ts'
import type { Refund } from '../core/refund/refund.ts'
import type { DepositAddress } from '../core/store-account/store-account.ts'
import type { Deps } from './deps.ts'
import { proveSenders, readTransfers } from './read-transfers.ts'
import { recogniseOwn } from './recognise-own.ts'
import { findRefundsPaid } from './settle-refunds.ts'
import { keepDerived } from './verify-address.ts'

type ReadDeps = Pick<Deps, 'store' | 'addressBook' | 'logger' | 'metrics'>

export type OursRequest = {
  readonly blocks: readonly VerifiedBlock[]
  /** Blocks of our chain that were read again. */
  readonly reread?: readonly VerifiedBlock[]
  /** Transfers that the blocks themselves do not show. */
  readonly found?: readonly Transfer[]
}

export type Ours = {
  /** Transfers to anyone, as far as they may be payments: of the blocks, of those read again, found. */
  readonly seen: readonly Transfer[]
  readonly again: readonly Transfer[]
  readonly found: readonly Transfer[]
  /** To where refunds go, by whomever. */
  readonly sent: readonly Transfer[]
  /** Which recipients are ours. */
  readonly addresses: ReadonlyMap<Address, DepositAddress>
  readonly refunds: readonly Refund[]
  /** What left our addresses, in the blocks and in those read again. */
  readonly outflows: readonly Outflow[]
}

export async function readOurs(
  deps: ReadDeps,
  settings: ChainSettings,
  { blocks, reread = [], found = [] }: OursRequest,
): Promise<Ours> {
  const isForeign = excludeOwn(deps, settings)
  const told = readTransfers(deps, settings, blocks)
  const toldAgain = readTransfers(deps, settings, reread)
  const parties = await findParties(deps, [...told, ...toldAgain, ...found])
  const recipients = new Set([...told, ...toldAgain, ...found].map(({ to }) => to))
  const addresses = new Map([...parties].filter(([address]) => recipients.has(address)))
  const refunds = await findRefundsPaid(deps, settings, told)
  const destinations = new Set(refunds.map(({ destination }) => destination))
  const isOurs = (to: Address) => addresses.has(to) || destinations.has(to)
  const prove = (of: readonly VerifiedBlock[], transfers: readonly Transfer[]) =>
    proveSenders(deps, settings, of, transfers, isOurs)
  const [proven, provenAgain] = [prove(blocks, told), prove(reread, toldAgain)]
  return {
    seen: proven.filter(isForeign),
    again: provenAgain.filter(isForeign),
    found: found.filter(isForeign),
    sent: proven.filter(({ to }) => destinations.has(to)),
    addresses,
    refunds,
    outflows: matchOutflows([...proven, ...provenAgain], {
      assets: new Map(settings.assets.map((asset) => [asset.id, asset])),
      ownerOf: (address) => parties.get(address)?.storeId ?? null,
    }),
  }
}

/** What the merchant's own addresses send (gas for a sweep) is no payment. */
function excludeOwn(deps: ReadDeps, settings: ChainSettings): (transfer: Transfer) => boolean {
  const isOwn = recogniseOwn(deps, settings)
  return ({ from }) => from === null || !isOwn(from)
}

/**
 * Our addresses among the recipients, and among the senders of tokens. One whose row does not derive
 * from its key is nobody's.
 */
async function findParties(
  deps: ReadDeps,
  transfers: readonly Transfer[],
): Promise<Map<Address, DepositAddress>> {
  const candidates = new Set<Address>()
  for (const { from, to, kind } of transfers) {
    candidates.add(to)
    if (from !== null && kind === 'erc20') candidates.add(from)
  }
  if (candidates.size === 0) return new Map()
  const found = await deps.store.findDepositAddresses([...candidates])
  return new Map(keepDerived(deps, found).map((row) => [row.address, row]))
}
