/**
 * Receives webhooks as books need them: verified, each event once, none lost. What is taken stands in
 * a journal before it is answered; what came while this was not running is read from the gateway at
 * the start.
 *
 * usage: QUITTANCE_URL=http://127.0.0.1:8080 QUITTANCE_API_KEY=qk_... WEBHOOK_SECRET=whsec_... \
 *        node examples/webhook-receiver/receiver.ts [JOURNAL]
 *
 * The key needs the scope `events:read`; the secret is what registering the endpoint answered.
 */
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import process from 'node:process'
import express from 'express'
import {
  createQuittanceClient,
  type Event,
  eachItem,
  type QuittanceClient,
  verifyWebhook,
  type WebhookEvent,
} from 'quittance/client'
import { type Served, serve } from '../serve.ts'

/** The mark of a journal that was begun when there was no event yet. */
const BEGINNING = ''
/** As many as the API gives at once. */
const PAGE = 100

/** A line of the journal. `through` marks up to where nothing is missing. */
type Entry = {
  readonly id: string
  readonly type: string
  readonly invoice: string | null
  readonly sequence: number | null
}
type Line = Entry | { readonly through: string }

type Journal = {
  /** False where it was taken before. */
  take(entry: Entry): boolean
  /** The event up to which nothing is missing; null at the beginning. */
  through(): string | null
  mark(eventId: string): void
}

export type ReceiverOptions = {
  readonly gatewayUrl: string
  readonly apiKey: string
  readonly secret: string
  readonly journalPath: string
  readonly port?: number
  /** Called for each event that is new. */
  readonly onEvent: (entry: Entry) => void
}

export async function startReceiver(options: ReceiverOptions): Promise<Served> {
  const { gatewayUrl, apiKey, secret, journalPath, port = 0, onEvent } = options
  const journal = openJournal(journalPath)
  const take = (entry: Entry) => {
    if (journal.take(entry)) onEvent(entry)
  }
  const app = express()
  const raw = express.raw({ type: 'application/json', limit: '256kb' })
  app.post('/webhooks', raw, ({ body, headers }, response) => {
    let event: WebhookEvent
    try {
      event = verifyWebhook({ body: Buffer.isBuffer(body) ? body : '', headers, secret })
    } catch {
      response.status(401).end()
      return
    }
    take(toEntry(event))
    response.status(204).end()
  })
  const served = await serve(app, port)
  // After listening: what happens meanwhile comes twice rather than not at all.
  await catchUp(createQuittanceClient({ url: gatewayUrl, apiKey }), journal, take)
  return served
}

/** Reads forward from where nothing was missing: the gateway's list is complete and in order. */
async function catchUp(
  quittance: QuittanceClient,
  journal: Journal,
  take: (entry: Entry) => void,
): Promise<void> {
  const after = journal.through()
  if (after === null) {
    // Begins here: what was before is nobody's loss.
    const [latest] = (await quittance.listEvents({ limit: 1 })).data
    journal.mark(latest?.id ?? BEGINNING)
    return
  }
  let last = after
  for await (const event of readAfter(quittance, after)) {
    take(toEntry(event))
    last = event.id
  }
  if (last !== after) journal.mark(last)
}

/** Oldest first. */
async function* readAfter(quittance: QuittanceClient, after: string): AsyncGenerator<Event> {
  if (after !== BEGINNING) {
    yield* eachItem(quittance.listEvents, { after, limit: PAGE })
    return
  }
  const all: Event[] = []
  for await (const event of eachItem(quittance.listEvents, { limit: PAGE })) all.push(event)
  yield* all.reverse()
}

function toEntry({ id, type, invoice, sequence }: Entry): Entry {
  return { id, type, invoice, sequence }
}

/** A file of JSON lines. One process writes it. */
function openJournal(path: string): Journal {
  const text = existsSync(path) ? readFileSync(path, 'utf8') : ''
  const lines = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line)
  const taken = new Set(lines.flatMap((line) => ('id' in line ? [line.id] : [])))
  let through = lines.flatMap((line) => ('through' in line ? [line.through] : [])).at(-1) ?? null
  const append = (line: Line) => appendFileSync(path, `${JSON.stringify(line)}\n`, { flush: true })
  return {
    take(entry) {
      if (taken.has(entry.id)) return false
      append(entry)
      taken.add(entry.id)
      return true
    },
    through: () => through,
    mark(eventId) {
      append({ through: eventId })
      through = eventId
    },
  }
}

if (import.meta.main) {
  const { QUITTANCE_URL, QUITTANCE_API_KEY = '', WEBHOOK_SECRET = '' } = process.env
  const { url } = await startReceiver({
    gatewayUrl: QUITTANCE_URL ?? 'http://127.0.0.1:8080',
    apiKey: QUITTANCE_API_KEY,
    secret: WEBHOOK_SECRET,
    journalPath: process.argv[2] ?? 'events.jsonl',
    port: 3001,
    onEvent: ({ type, invoice, sequence }) => console.log(sequence ?? '-', type, invoice ?? ''),
  })
  console.log(`webhooks: ${url}/webhooks`)
}
