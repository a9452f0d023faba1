/**
 * Whether the parts of a block, asked for one after the other, belong together, and what its header
 * says of them. Between two requests the chain may reorganise or a proxy may switch nodes; a mixture
 * of two blocks would credit money nobody sent, so one part out of place refuses the block as a whole.
 *
 * The checks, in this order: identity, link, counts, contiguity of logs; then header hash, roots and
 * bloom, which show what a node left out, invented or changed.
 */
import type { VerifiedBlock } from '../../core/chain/block.ts'
import { type BlockProof, judgeProof } from '../../core/proof/block-proof.ts'
import { fromHex } from '../../core/proof/hex-digits.ts'
import { isSaturated } from '../../core/proof/logs-bloom.ts'
import { computeTrieRoot, EMPTY_TRIE_ROOT } from '../../core/proof/trie-root.ts'
import { inconsistent } from './read-block-json.ts'
import type { ReceiptReading } from './read-receipts-json.ts'
import { isAsked } from './reading-desk.ts'

export type JudgedBlock = {
  readonly block: VerifiedBlock
  readonly proof: BlockProof
  /** What is wrong with each proof where it does not match, in words for a log. */
  readonly reasons: ReadonlyMap<keyof BlockProof, string>
}

const EMPTY_ROOT = fromHex(EMPTY_TRIE_ROOT)

/** The block of parts that were read, or a `ChainSourceError` of kind `inconsistent`. */
export function judgeBlock(reading: ReceiptReading): JudgedBlock {
  const { ref, part, result, terms } = reading
  const { list, hasValue } = part.transactions
  if (result.count !== list.length) {
    const counts = `${result.count} receipts for ${list.length} transactions`
    throw inconsistent(ref, counts)
  }
  if (result.inconsistent !== null) throw inconsistent(ref, result.inconsistent)
  proveReceipts(reading)
  const { proof, reasons, header } = part
  const { excluded } = part.transactions
  const proofLevel = judgeProof(proof, {
    native: terms.native,
    hasValue,
    isBloomSaturated: header.logsBloom === null || isSaturated(header.logsBloom),
    hasUnprovenContent:
      result.hasUnprovenLogs ||
      (terms.native &&
        list.some(({ index, valueUnits }) => excluded.has(index) && valueUnits > 0n)),
  })
  const { logs, leftOut } = result
  const block = { ref, proofLevel, transactions: list, logs, ...(leftOut > 0 && { leftOut }) }
  return { block, proof, reasons }
}

function proveReceipts({ part, result, terms, desk, hasBloom }: ReceiptReading): void {
  const { proof, reasons, header } = part
  if (isAsked(terms, 'receiptsRoot')) {
    const { receiptsRoot: root } = header
    reasons.set('receiptsRoot', result.unprovable ?? 'its receipts have another root')
    if (root === null) reasons.set('receiptsRoot', 'its header has no receipts root')
    else if (result.unprovable === null) {
      const computed = computeTrieRoot(desk.items, terms.keccak) ?? EMPTY_ROOT
      proof.receiptsRoot = isSame(computed, root) ? 'match' : 'mismatch'
    }
  }
  if (!hasBloom) {
    if (isAsked(terms, 'bloom')) proof.bloom = proof.receiptsRoot === 'match' ? 'implied' : 'off'
  } else {
    const { logsBloom } = header
    reasons.set('bloom', logsBloom === null ? 'its header has no bloom' : 'its logs fill another')
    if (logsBloom !== null)
      proof.bloom = isSame(result.bloom.bits, logsBloom) ? 'match' : 'mismatch'
  }
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}
