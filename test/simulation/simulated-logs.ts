/**
 * What a node answers to a query for logs: which blocks name whom, sometimes with logs left out. The
 * bloom of the header is the block's own, and speaks of what was left out.
 */
import { ADDRESS_TOPIC, TRANSFER_TOPIC } from '../../src/core/chain/log-words.ts'
import type { Address, Hash } from '../../src/core/money/asset.ts'
import { ChainSourceError } from '../../src/errors.ts'
import type { BlockSighting, LogSource } from '../../src/ports/log-source.ts'
import { createRandom } from './random.ts'
import type { SimulatedBlock, SimulatedChain } from './simulated-chain.ts'
import type { NodeFault } from './simulated-node.ts'

export type LogHabits = {
  /** Contracts that are watched. */
  readonly contracts: ReadonlySet<Address>
  /** Share of the blocks whose logs are not all listed. */
  readonly cutShare: number
  /** Only what names an order of late is left out: blooms are looked through for no other. */
  mayCut(to: Address): boolean
  noteCut(): void
  /** Share of the blocks that hide what came to orders: only a second look finds it. */
  readonly hiddenShare: number
  noteHidden(block: Hash, place: string): void
}

/** Blooms say yes too often. */
const FALSE_SHARE = 0.05
const BLOOM = new Uint8Array(256)

/** `enter` counts a call and answers the fault that it meets. */
export function createSimulatedLogs(
  chain: SimulatedChain,
  { contracts, cutShare, mayCut, noteCut, hiddenShare, noteHidden }: LogHabits,
  enter: () => NodeFault | null,
): LogSource {
  const transfersOf = ({ logs }: SimulatedBlock) =>
    logs.filter(({ address, topics }) => contracts.has(address) && topics[0] === TRANSFER_TOPIC)
  const see = (block: SimulatedBlock): BlockSighting => {
    const all = transfersOf(block).map(({ index, topics }) => {
      return { index, from: readParty(topics[1]), to: readParty(topics[2]) }
    })
    const random = createRandom(block.ref.timestampS + block.ref.number)
    const isCut = random.chance(cutShare)
    const cut = all.filter(({ to }) => {
      return !(isCut && to !== null && mayCut(to) && random.chance(0.6))
    })
    if (cut.length < all.length) noteCut()
    // With chance of its own: a history that hides nothing is told as it was before.
    const isHidden = createRandom(block.ref.timestampS ^ (block.ref.number << 8)).chance(
      hiddenShare,
    )
    const hidden = isHidden ? all.filter(({ to }) => to !== null && mayCut(to)) : []
    for (const { index } of hidden) noteHidden(block.ref.hash, `log:${index}`)
    const listed = cut.filter((log) => !hidden.includes(log))
    return {
      ref: block.ref,
      logs: listed,
      payees: block.transactions.flatMap(({ to, valueUnits }) =>
        to === null || valueUnits === 0n ? [] : [to],
      ),
      bloom: all.length === 0 || hidden.length > 0 ? null : BLOOM,
      isDoubtful: false,
    }
  }
  return {
    async readSightings(refs) {
      const met = enter()
      if (met === 'disproven') throw new ChainSourceError('disproven', 'simulated lie')
      return refs.map(({ hash }) => {
        const block = met === 'null' ? undefined : chain.getBlock(hash)
        if (block === undefined) throw new ChainSourceError('not_there', 'a block is missing')
        return see(block)
      })
    },
    async findInBlooms(sightings, addresses) {
      const wanted = new Set(addresses)
      return sightings.filter(({ ref, bloom }) => {
        const named = transfersOf(chain.getBlock(ref.hash) as SimulatedBlock).some(({ topics }) => {
          const to = readParty(topics[2])
          return to !== null && wanted.has(to)
        })
        return bloom !== null && (named || createRandom(ref.number).chance(FALSE_SHARE))
      })
    },
  }
}

function readParty(topic: string | undefined): Address | null {
  return topic !== undefined && ADDRESS_TOPIC.test(topic) ? `0x${topic.slice(26)}` : null
}
