/** `Idempotency-Key` on every POST: one key, one change, one answer. */
import { hash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { GatewayError } from '../../errors.ts'
import {
  type Answer,
  answerInProgress,
  findKeptAnswer,
  type IdempotencyTicket,
} from '../../operations/idempotency.ts'
import { headerValues } from './header-values.ts'
import type { HttpDeps } from './http-deps.ts'

/** Characters of a key: what every store can index. Longer is 400. */
const KEY_CHARACTERS_MAX = 255
const PRINTABLE_ASCII = /^[\x20-\x7e]+$/

export type Replayable = Answer & { readonly replayed: boolean }

export type IdempotencyGate = {
  /** The kept answer of this ticket, or what `run` gives; 409 while another request runs it. */
  once(ticket: IdempotencyTicket, run: () => Promise<Answer>): Promise<Replayable>
}

type GateDeps = Pick<HttpDeps, 'store' | 'vault' | 'addressBook' | 'logger' | 'metrics'>

/** One gate per process; across processes the commit itself decides who was first. */
export function createIdempotencyGate(deps: GateDeps): IdempotencyGate {
  const running = new Set<string>()
  return {
    async once(ticket, run) {
      if (ticket === null) return { ...(await run()), replayed: false }
      // A scope is three words, so that the first three blanks are its own.
      const name = `${ticket.scope} ${ticket.key}`
      if (running.has(name)) throw answerInProgress()
      running.add(name)
      try {
        const kept = await findKeptAnswer(deps, ticket)
        if (kept !== null) return { ...kept, replayed: true }
        return { ...(await run()), replayed: false }
      } finally {
        running.delete(name)
      }
    },
  }
}

/** The ticket of a request; null without the header. `scope` names credential and route. */
export function readTicket(req: IncomingMessage, scope: string, body: unknown): IdempotencyTicket {
  const key = readKey(req)
  if (key === null) return null
  return { scope, key, requestHash: hash('sha256', renderCanonical(body)) }
}

/** Bare or quoted (as a structured field, RFC 8941) is the same key. */
function readKey(req: IncomingMessage): string | null {
  const values = headerValues(req, 'idempotency-key')
  if (values.length === 0) return null
  const [value = ''] = values
  const key = /^"(.*)"$/.exec(value)?.[1] ?? value
  const isValid =
    values.length === 1 && key.length <= KEY_CHARACTERS_MAX && PRINTABLE_ASCII.test(key)
  if (isValid) return key
  throw new GatewayError(
    'invalid_request',
    `Idempotency-Key must stand there once, with 1 to ${KEY_CHARACTERS_MAX} printable ASCII characters.`,
  )
}

/** JSON with sorted keys: order and blanks of the text do not make another request. */
function renderCanonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(renderCanonical).join()}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const object = value as Readonly<Record<string, unknown>>
  let members = ''
  for (const key of Object.keys(object).sort()) {
    members += `${members === '' ? '' : ','}${JSON.stringify(key)}:${renderCanonical(object[key])}`
  }
  return `{${members}}`
}
