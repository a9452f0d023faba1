/** Blocks with tokens for one address of ours, and the payments that were seen in them. */
import { createMemoryStore } from '../../src/adapters/memory/memory-store.ts'
import type { BlockRef, ProofLevel, VerifiedBlock } from '../../src/core/chain/block.ts'
import { TRANSFER_TOPIC } from '../../src/core/chain/log-words.ts'
import type { Address } from '../../src/core/money/asset.ts'
import type { Payment } from '../../src/core/payment/payment.ts'
import type { Store } from '../../src/ports/store.ts'
import {
  SAMPLE_CHAIN_ID,
  SAMPLE_TOKEN,
  sampleAddress,
  sampleHash,
  sampleObservation,
  samplePayment,
} from './fixtures.ts'

/** Where the tokens go. */
export const PAYEE = sampleAddress(1)

/** Five units by the n-th log of a block. */
export function paymentOfFive(n: number, ref: BlockRef, parts: Partial<Payment> = {}): Payment {
  const place = { asset: SAMPLE_TOKEN, to: PAYEE, amountUnits: 5n, place: `log:${n}` }
  return samplePayment(sampleObservation(n, ref, place), parts)
}

/** The block as a node tells of it: these amounts came to us, log by log. */
export function blockPaying(
  ref: BlockRef,
  proofLevel: ProofLevel,
  amounts: readonly bigint[],
): VerifiedBlock {
  const topicOf = (address: Address) => `0x${address.slice(2).padStart(64, '0')}`
  const logs = amounts.map((units, index) => ({
    index,
    transactionIndex: 0,
    transactionHash: sampleHash(900),
    address: SAMPLE_TOKEN.token as Address,
    topics: [TRANSFER_TOPIC, topicOf(sampleAddress(7)), topicOf(PAYEE)],
    data: `0x${units.toString(16).padStart(64, '0')}`,
  }))
  return { ref, proofLevel, transactions: [], logs }
}

/** A block of our chain with the level it was proven at; null: none was kept. */
export type KeptBlock = readonly [BlockRef, ProofLevel | null]

export async function storeOfBlocks(kept: readonly KeptBlock[]): Promise<Store> {
  const store = createMemoryStore()
  await store.commit({
    chain: {
      chainId: SAMPLE_CHAIN_ID,
      expectedTip: null,
      disconnected: [],
      connected: kept.map(([ref]) => ref),
      proofLevels: new Map(
        kept.flatMap(([ref, level]) => (level === null ? [] : [[ref.hash, level] as const])),
      ),
      pruneBelow: 0,
      haltReason: null,
    },
  })
  return store
}

/** A logger and metrics that keep what they were told: alarms, and counts with their verdict. */
export function listenForAlarms() {
  const alarms: string[] = []
  const counted: string[] = []
  const log = () => {}
  return {
    alarms,
    counted,
    metrics: {
      count: (name: string, labels?: Readonly<Record<string, string>>) =>
        void counted.push(`${name} ${labels?.verdict ?? ''}`.trim()),
    },
    logger: {
      ...{ debug: log, info: log, warn: log },
      error: (_fields: object, text: string) => void alarms.push(text),
    },
  }
}
