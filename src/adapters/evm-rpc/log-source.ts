/** Blocks of one chain looked through by their logs, headers and, for coins, transactions. */
import type { BlockRef } from '../../core/chain/block.ts'
import type { ProofSwitches } from '../../core/chain/chain-settings.ts'
import { TRANSFER_TOPIC } from '../../core/chain/log-words.ts'
import { POLYGON_COIN, POLYGON_TRANSFER_TOPIC } from '../../core/chain/native-coin.ts'
import type { Address } from '../../core/money/asset.ts'
import type { BlockProof, ProofVerdict } from '../../core/proof/block-proof.ts'
import { fromHex } from '../../core/proof/hex-digits.ts'
import { createBloomProbe } from '../../core/proof/logs-bloom.ts'
import type { Keccak } from '../../core/proof/trie-root.ts'
import { ChainSourceError } from '../../errors.ts'
import type { BlockSighting, LogSource, SeenLog } from '../../ports/log-source.ts'
import { drive, finish, requireBytes } from './answer-bytes.ts'
import type { ReadingSettings } from './block-reader.ts'
import { createContractTable } from './contract-table.ts'
import { inFlight } from './in-flight.ts'
import { loadKeccak } from './keccak.ts'
import type { EvmNode } from './node.ts'
import type { Unit } from './node-pool.ts'
import { queryLogs } from './query-logs.ts'
import { type BlockReading, readLightBlock, readLightHeaders } from './read-block.ts'
import type { BlockPart } from './read-block-json.ts'
import { beginRange, readRangeLogs } from './read-range-logs.ts'
import { createDesk, createDeskRoom, type DeskRoom, type ReadingTerms } from './reading-desk.ts'

const LOGS = 'eth_getLogs'
/** Blocks read at the same time from one node. */
const BLOCKS_IN_FLIGHT = 4

export type LogSourceParts = {
  readonly settings: ReadingSettings
  /** As they are held to now (doubt-proofs.ts). */
  readonly proofs: () => ProofSwitches
  readonly onNode: <T>(signal: AbortSignal, unit: Unit<T>) => Promise<T>
}

/** What a block without its receipts can be held against. */
const PROOFS_OF_LIGHT = ['headerHash', 'transactionsRoot'] as const

type Light = Pick<BlockSighting, 'payees' | 'isDoubtful'> & { readonly bloom: Uint8Array | null }

/** Where no proof is asked for, a header has nothing to show. */
const NOTHING_SHOWN: Light = { payees: [], bloom: null, isDoubtful: false }

export function createLogSource({ settings, proofs, onNode }: LogSourceParts): LogSource {
  const { watched, excludedTxTypes = [], logger } = settings
  const { native, isOwnSender = () => false, isStranger } = watched
  const contracts = createContractTable(watched.contracts)
  const addresses = [...watched.contracts]
  const topics = watched.contracts.has(POLYGON_COIN)
    ? [TRANSFER_TOPIC, POLYGON_TRANSFER_TOPIC]
    : [TRANSFER_TOPIC]
  const room = createDeskRoom()

  const read = async (node: EvmNode, refs: readonly BlockRef[], signal: AbortSignal) => {
    const keccak = await loadKeccak()
    const terms = { contracts, native, isOwnSender, proofs: proofs(), excludedTxTypes, keccak }
    const isShown = terms.proofs.bloom !== 'off' || terms.proofs.headerHash !== 'off'
    const lights = native
      ? await readBlocks(node, { terms, logger }, room, refs, signal)
      : isShown
        ? await readHeaders(node, { terms, logger, desk: createDesk() }, refs, signal)
        : refs.map(() => NOTHING_SHOWN)
    const found = await queryLogs(node, { refs, addresses, topics }, signal)
    const mayHoldTransfers = createTransferProbe(addresses, topics, keccak)
    const range = beginRange(node.client.name, refs, { contracts, topics, isStranger })
    for (const answer of found.lists) {
      const cursor = requireBytes(node, LOGS, answer)
      if (cursor === null) throw new ChainSourceError('malformed', `${LOGS}: the result is no list`)
      await drive(cursor, readRangeLogs(cursor, range), signal)
      finish(answer, cursor)
    }
    return refs.map((ref, place): BlockSighting => {
      const { payees, bloom, isDoubtful } = lights[place] as Light
      const isLooked = terms.proofs.bloom !== 'off' && bloom !== null
      return {
        ref,
        payees,
        logs: range.seen[place] as SeenLog[],
        bloom: isLooked && mayHoldTransfers(bloom) ? bloom : null,
        isDoubtful: isDoubtful || found.unread.has(place),
      }
    })
  }

  return {
    readSightings: (refs, signal) =>
      onNode(signal, { kind: 'sightings', work: (node, until) => read(node, refs, until) }),
    async findInBlooms(sightings, wanted) {
      const keccak = await loadKeccak()
      const probes = wanted.map((address) => {
        return createBloomProbe(fromHex(`0x${address.slice(2).padStart(64, '0')}`), keccak)
      })
      return sightings.filter(({ bloom }) => bloom !== null && probes.some((isIn) => isIn(bloom)))
    },
  }
}

/** Whether a bloom allows for a transfer of one of these contracts. */
function createTransferProbe(
  contracts: readonly Address[],
  topics: readonly string[],
  keccak: Keccak,
): (bloom: Uint8Array) => boolean {
  const [emitters, events] = [contracts, topics].map((entries) =>
    entries.map((entry) => createBloomProbe(fromHex(entry as Address), keccak)),
  )
  return (bloom) => events!.some((isIn) => isIn(bloom)) && emitters!.some((isIn) => isIn(bloom))
}

async function readHeaders(
  node: EvmNode,
  reading: BlockReading,
  refs: readonly BlockRef[],
  signal: AbortSignal,
): Promise<Light[]> {
  const headers = await readLightHeaders(node, reading, refs, signal)
  return headers.map(({ logsBloom, proof }) => {
    const isDoubtful = isDoubted(reading.terms, 'headerHash', proof)
    return { payees: [], bloom: logsBloom, isDoubtful }
  })
}

/**
 * What cannot be proven where a proof is asked for may be a lie that is odd enough: reading the block
 * whole asks another node too (block-source.ts).
 */
function isDoubted(
  { proofs }: ReadingTerms,
  name: keyof BlockProof,
  verdict: ProofVerdict,
): boolean {
  return verdict === 'mismatch' || (verdict === 'unprovable' && proofs[name] === 'on')
}

async function readBlocks(
  node: EvmNode,
  reading: Omit<BlockReading, 'desk'> & { readonly terms: ReadingTerms },
  room: DeskRoom,
  refs: readonly BlockRef[],
  signal: AbortSignal,
): Promise<Light[]> {
  const lights: Light[] = []
  let next = 0
  await inFlight(BLOCKS_IN_FLIGHT, () => {
    const place = next++
    const ref = refs[place]
    if (ref === undefined) return null
    return async () => {
      const desk = room.borrow()
      try {
        const part = await readLightBlock(node, { ...reading, desk }, ref, signal)
        lights[place] = toLight(part, reading.terms)
      } finally {
        room.giveBack(desk)
      }
    }
  })
  return lights
}

function toLight({ transactions, header, proof }: BlockPart, terms: ReadingTerms): Light {
  const paying = transactions.list.filter(({ valueUnits }) => valueUnits > 0n)
  return {
    payees: paying.flatMap(({ to }) => (to === null ? [] : [to])),
    bloom: header.logsBloom,
    isDoubtful: PROOFS_OF_LIGHT.some((name) => isDoubted(terms, name, proof[name])),
  }
}
