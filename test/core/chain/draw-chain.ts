import type { BlockRef } from '../../../src/core/chain/block.ts'
import { createLocalChain, type LocalChain } from '../../../src/core/chain/local-chain.ts'

/** Height of the leftmost column, so that heights are never mistaken for indexes. */
const BASE_HEIGHT = 100
const BASE_TIME_S = 1_700_000_000
export const BLOCK_TIME_S = 12

export type Drawing = {
  block(name: string): BlockRef
  /** `blocks('abc')`: these three, in this order. */
  blocks(names: string): BlockRef[]
  chain(names: string): LocalChain
  names(blocks: readonly BlockRef[]): string
}

/**
 * Reads a drawing of chains. A letter is a block, its column its height; `-` links it to the block on its
 * left, `\-` to the block straight above the backslash. A `.` is a block nobody knows:
 *
 *     draw`
 *       a-b-c-d
 *          \-x-y      wrong: no block above the backslash, the drawing is refused
 *         \-x-y       x and y branch off b
 *     `
 */
export function draw(strings: TemplateStringsArray): Drawing {
  const lines = (strings.raw[0] as string).split('\n').filter((line) => line.trim() !== '')
  const indent = Math.min(...lines.map((line) => line.search(/\S/)))
  const rows = lines.map((line) => line.slice(indent).trimEnd())
  const known = new Map<string, BlockRef>()
  for (const [y, row] of rows.entries()) {
    for (const [x, name] of [...row].entries()) {
      if (/[a-z]/.test(name)) known.set(name, drawBlock(rows, x, y, known))
    }
  }
  const block = (name: string) => {
    const found = known.get(name)
    if (found === undefined) throw new Error(`no block ${name} in the drawing`)
    return found
  }
  const blocks = (names: string) => [...names].map(block)
  return {
    block,
    blocks,
    chain: (names) => createLocalChain(1, blocks(names)),
    names: (given) => given.map((each) => nameOf(each)).join(''),
  }
}

function drawBlock(
  rows: readonly string[],
  x: number,
  y: number,
  known: ReadonlyMap<string, BlockRef>,
): BlockRef {
  const row = rows[y] as string
  const name = row[x] as string
  if (known.has(name)) throw new Error(`block ${name} is drawn twice`)
  if (x % 2 !== 0) throw new Error(`block ${name} stands between two heights`)
  const height = x / 2
  return {
    number: BASE_HEIGHT + height,
    hash: hashOf(name),
    parentHash: hashOf(parentName(rows, x, y)),
    timestampS: BASE_TIME_S + height * BLOCK_TIME_S,
  }
}

function parentName(rows: readonly string[], x: number, y: number): string {
  const row = rows[y] as string
  if (row[x - 1] !== '-') return '.'
  const left = row[x - 2]
  if (left !== '\\') return left ?? '.'
  for (let above = y - 1; above >= 0; above--) {
    const found = rows[above]?.[x - 2]
    if (found !== undefined && /[a-z.]/.test(found)) return found
  }
  throw new Error(`nothing stands above the branch of row ${y + 1}`)
}

function hashOf(name: string): `0x${string}` {
  return `0x${name.charCodeAt(0).toString(16).padStart(64, '0')}`
}

function nameOf(block: BlockRef): string {
  return String.fromCharCode(Number.parseInt(block.hash.slice(-2), 16))
}
