/**
 * Where the next page of a list begins, as opaque text: a position and a MAC that binds it to this
 * list, store and filter. A cursor of another list, or one made by hand, is 400.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { type GatewayError, invalidField } from '../../errors.ts'
import type { Page } from '../../ports/store.ts'
import type { Query } from './read-query.ts'

export type Position = number | string

/** Bytes of the MAC that are kept: 128 bits. */
const MAC_BYTES = 16
export const LIMIT_MAX = 100
const LIMIT_DEFAULT = 20

export type ListRequest = {
  readonly limit: number
  /** Null begins at the newest. */
  readonly position: Position | null
}

export type ListAnswer = { readonly data: readonly unknown[]; readonly next_cursor: string | null }

export type Cursors = {
  /** `limit` and `cursor` of a request. `list` names everything else that shapes the list. */
  read(query: Query, list: readonly unknown[]): ListRequest
  render(position: Position | null, list: readonly unknown[]): string | null
}

export function createCursors(key: Uint8Array): Cursors {
  const macOf = (text: string, list: readonly unknown[]) =>
    createHmac('sha256', key)
      .update(JSON.stringify([text, list.map((part) => part ?? null)]))
      .digest()
      .subarray(0, MAC_BYTES)
  return {
    read(query, list) {
      const cursor = query.get('cursor')
      const limit = readLimit(query)
      if (cursor === undefined) return { limit, position: null }
      const bytes = Buffer.from(cursor, 'base64url')
      const mac = bytes.subarray(0, MAC_BYTES)
      const text = bytes.subarray(MAC_BYTES).toString('utf8')
      const isOurs =
        bytes.toString('base64url') === cursor &&
        mac.length === MAC_BYTES &&
        timingSafeEqual(mac, macOf(text, list))
      if (!isOurs) throw malformedCursor()
      return { limit, position: JSON.parse(text) as Position }
    },
    render(position, list) {
      if (position === null) return null
      const text = JSON.stringify(position)
      return Buffer.concat([macOf(text, list), Buffer.from(text)]).toString('base64url')
    },
  }
}

/** A page that the store made. */
export async function answerPage(
  cursors: Cursors,
  query: Query,
  list: readonly unknown[],
  load: (page: { limit: number; before: number | null }) => Promise<Page<unknown>>,
): Promise<ListAnswer> {
  const { limit, position } = cursors.read(query, list)
  if (typeof position === 'string') throw malformedCursor()
  const page = await load({ limit, before: position })
  return { data: page.items, next_cursor: cursors.render(page.cursor, list) }
}

/** A page of a short list that is there as a whole, newest first; ids sort by age. */
export function answerSlice(
  cursors: Cursors,
  query: Query,
  list: readonly unknown[],
  items: readonly { readonly id: string }[],
): ListAnswer {
  const { limit, position } = cursors.read(query, list)
  const sorted = items.toSorted((a, b) => (a.id < b.id ? 1 : -1))
  const rest = position === null ? sorted : sorted.filter(({ id }) => id < position)
  const data = rest.slice(0, limit)
  const last = rest.length > limit ? (data.at(-1)?.id ?? null) : null
  return { data, next_cursor: cursors.render(last, list) }
}

function readLimit(query: Query): number {
  const text = query.get('limit')
  if (text === undefined) return LIMIT_DEFAULT
  const limit = /^[1-9][0-9]{0,2}$/.test(text) ? Number.parseInt(text, 10) : 0
  if (limit >= 1 && limit <= LIMIT_MAX) return limit
  throw invalidField('?limit', 'out_of_range', `must be a whole number from 1 to ${LIMIT_MAX}`)
}

function malformedCursor(): GatewayError {
  return invalidField('?cursor', 'malformed_cursor', 'is not a cursor of this list and filter')
}
