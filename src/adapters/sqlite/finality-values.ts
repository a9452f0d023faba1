import {
  depthRule,
  type FinalityRule,
  type FinalityTag,
  tagRule,
} from '../../core/chain/finality.ts'
import type { BlockMark } from '../../core/chain/local-chain.ts'

/** A rule in JSON columns. A bare count is also what older rows hold. */
export type FinalityJson = {
  readonly confirmations: number | FinalityTag
  readonly plusBlocks?: number
  readonly plusS?: number
}

export function finalityToJson(rule: FinalityRule): FinalityJson {
  if (rule.kind === 'depth') return { confirmations: rule.confirmations }
  return { confirmations: rule.kind, plusBlocks: rule.plusBlocks, plusS: rule.plusS }
}

export function jsonToFinality({ confirmations, ...plus }: FinalityJson): FinalityRule {
  return typeof confirmations === 'number' ? depthRule(confirmations) : tagRule(confirmations, plus)
}

export function finalityToText(rule: FinalityRule): string {
  return JSON.stringify(finalityToJson(rule))
}

export function textToFinality(text: string): FinalityRule {
  return jsonToFinality(JSON.parse(text))
}

export function markToText(mark: BlockMark | null): string | null {
  if (mark === null) return null
  const { number, hash, timestampS } = mark
  return JSON.stringify({ number, hash, timestampS })
}

export function textToMark(text: string | null): BlockMark | null {
  return text === null ? null : JSON.parse(text)
}
