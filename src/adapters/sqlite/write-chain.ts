import { assert } from '../../core/assert.ts'
import type { BlockRef } from '../../core/chain/block.ts'
import { type ChainAdvance, lowersFinal } from '../../core/change-set.ts'
import { markToText, textToMark } from './finality-values.ts'
import type { Statements } from './statements.ts'

const SET_MARKS = 'UPDATE chains SET finalized_mark = ?, safe_mark = ? WHERE chain_id = ?'
const GET_TIP = 'SELECT tip_hash, finalized_mark FROM chains WHERE chain_id = ?'
const SET_CHAIN = `INSERT INTO chains (chain_id, tip_hash, halt_reason, genesis_hash)
  VALUES (?, ?, ?, ?)
  ON CONFLICT (chain_id) DO UPDATE
  SET tip_hash = excluded.tip_hash, halt_reason = excluded.halt_reason,
    genesis_hash = COALESCE(genesis_hash, excluded.genesis_hash)`
const DISCONNECT = `UPDATE blocks SET canonical = 0
  WHERE chain_id = ? AND hash = ? AND canonical = 1`
/**
 * A payment or an outflow of a block we did not hold may have been written before: then it counts as
 * observed.
 */
const CONNECT = `INSERT INTO blocks
  (chain_id, hash, number, parent_hash, timestamp_s, canonical, observed)
  VALUES (@chainId, @hash, @number, @parentHash, @timestampS, 1,
    EXISTS (SELECT 1 FROM observations WHERE chain_id = @chainId AND block_hash = @hash)
      OR EXISTS (SELECT 1 FROM outflows WHERE chain_id = @chainId AND block_hash = @hash))
  ON CONFLICT (chain_id, hash) DO UPDATE SET canonical = 1`
const SET_LEVEL = `UPDATE blocks SET proof_level = min(coalesce(proof_level, @level), @level)
  WHERE chain_id = @chainId AND hash = @hash`
const CORROBORATE = `UPDATE blocks SET proof_level = 1
  WHERE chain_id = ? AND hash = ? AND canonical = 1 AND proof_level = 0`
const PRUNE = 'DELETE FROM blocks WHERE chain_id = ? AND number < ? AND observed = 0'

type Tip = { readonly tip_hash: string | null; readonly finalized_mark: string | null }

/** Moves one chain; false when it is not where the decision found it. */
export function writeChain(sql: Statements, advance: ChainAdvance): boolean {
  const { chainId, expectedTip, haltReason } = advance
  const stored = sql(GET_TIP).get(chainId) as Tip | undefined
  if ((stored?.tip_hash ?? null) !== expectedTip) return false
  if (lowersFinal(textToMark(stored?.finalized_mark ?? null), advance)) return false
  for (const block of advance.disconnected) {
    const { changes } = sql(DISCONNECT).run(chainId, block.hash)
    assert(changes === 1, 'only a canonical block is disconnected')
  }
  for (const block of advance.connected) sql(CONNECT).run(blockParameters(chainId, block))
  for (const block of advance.restored ?? []) sql(CONNECT).run(blockParameters(chainId, block))
  for (const [hash, level] of advance.proofLevels ?? []) {
    sql(SET_LEVEL).run({ chainId, hash, level })
  }
  for (const hash of advance.corroborated ?? []) sql(CORROBORATE).run(chainId, hash)
  sql(SET_CHAIN).run(chainId, tipAfter(advance), haltReason, advance.genesisHash ?? null)
  if (advance.marks !== undefined) {
    const { finalized, safe } = advance.marks
    sql(SET_MARKS).run(markToText(finalized), markToText(safe), chainId)
  }
  return true
}

/** Forgets blocks below the height asked for in which nothing was observed. */
export function pruneBlocks(sql: Statements, advance: ChainAdvance): boolean {
  sql(PRUNE).run(advance.chainId, advance.pruneBelow)
  return true
}

/** The last connected block; after a disconnection alone, the parent of the lowest that left. */
function tipAfter(advance: ChainAdvance): string | null {
  const last = advance.connected.at(-1)
  if (last !== undefined) return last.hash
  const lowest = advance.disconnected.reduce<BlockRef | null>(
    (low, block) => (low === null || block.number < low.number ? block : low),
    null,
  )
  return lowest === null ? advance.expectedTip : lowest.parentHash
}

function blockParameters(chainId: number, block: BlockRef) {
  const { hash, number, parentHash, timestampS } = block
  return { chainId, hash, number, parentHash, timestampS }
}
