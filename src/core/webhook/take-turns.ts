/** Who gets a free slot: the endpoint of a delivery and the store it belongs to. */
export type SlotHolder = { readonly storeId: string; readonly endpointId: string }

export type SlotLimits = { readonly perEndpoint: number; readonly perStore: number }

/**
 * The order in which waiting deliveries get free slots, without those that may have none now. The
 * endpoints of a store take turns, and so do the stores; what one has under way counts as turns it
 * has had. However much hangs or waits at one of them, the next slot goes to whoever holds fewest.
 */
export function takeTurns<Waiting extends SlotHolder>(
  oldestFirst: readonly Waiting[],
  underWay: readonly SlotHolder[],
  limits: SlotLimits,
): Waiting[] {
  const byEndpoint = (holder: SlotHolder) => holder.endpointId
  const byStore = (holder: SlotHolder) => holder.storeId
  const withinStores = takeTurnsBy(byEndpoint, oldestFirst, underWay, limits.perEndpoint)
  return takeTurnsBy(byStore, withinStores, underWay, limits.perStore)
}

/** Within one turn, the order they came in stands. */
function takeTurnsBy<Waiting extends SlotHolder>(
  ownerOf: (holder: SlotHolder) => string,
  waiting: readonly Waiting[],
  underWay: readonly SlotHolder[],
  limit: number,
): Waiting[] {
  const turns = new Map<string, number>()
  const takeTurn = (holder: SlotHolder): number => {
    const turn = turns.get(ownerOf(holder)) ?? 0
    turns.set(ownerOf(holder), turn + 1)
    return turn
  }
  for (const holder of underWay) takeTurn(holder)
  return waiting
    .map((each) => ({ each, turn: takeTurn(each) }))
    .filter(({ turn }) => turn < limit)
    .sort((a, b) => a.turn - b.turn)
    .map(({ each }) => each)
}
