/**
 * Live updates of checkout pages as server-sent events. One loop reads all watched invoices in one
 * query and writes to their viewers what changed; a thousand idle viewers cost one query per turn.
 */
import type { Response } from 'express'
import type { InvoiceResource } from '../../../core/invoice/present-invoice.ts'
import { SECOND_MS } from '../../../core/time.ts'
import { GatewayError } from '../../../errors.ts'
import { readViewedInvoices } from '../../../operations/read-viewed-invoices.ts'
import type { HttpDeps } from '../http-deps.ts'
import { presentPublicStatus, tagStatus } from './public-status.ts'

/** A change is to be shown within two seconds; this leaves most of them to the network. */
const LOOK_EVERY_MS = SECOND_MS / 2
/** Proxies drop silent connections, often after a minute. */
const HEARTBEAT_EVERY_MS = 15 * SECOND_MS
/** Sockets are memory. A viewer more is answered 429, and its page asks now and then instead. */
const VIEWERS_MAX = 5_000
/** One link is opened by a few people; this stops one link from taking all places. */
const VIEWERS_PER_INVOICE_MAX = 2_500
/** Seconds after which one that was refused may try for a place again. */
const REFUSED_RETRY_S = 30
/** What a viewer may leave unread. A slower one is cut, and comes back by itself. */
const UNREAD_BYTES_MAX = 64 * 1024

/** `mark` is null until the loop has looked; `lastText` is what the viewers were last sent. */
type Watched = { mark: string | null; lastText: string; readonly viewers: Set<Response> }

export type StatusFeed = {
  /** Turns an answer into a stream of this invoice's status. Throws when all places are taken. */
  watch(invoice: InvoiceResource, res: Response): void
  close(): void
}

export function createStatusFeed(deps: HttpDeps): StatusFeed {
  const watched = new Map<string, Watched>()
  let viewerCount = 0
  let timer: NodeJS.Timeout | null = null
  let lastHealth = describeHealth(deps)
  let lastHeartbeatMs = deps.clock.monotonicMs()

  async function look(): Promise<void> {
    const health = describeHealth(deps)
    if (health !== lastHealth) for (const entry of watched.values()) entry.mark = null
    lastHealth = health
    const marks = new Map([...watched].map(([id, { mark }]) => [id, mark]))
    const changed = await readViewedInvoices(deps, marks)
    for (const [id, { mark, resource }] of changed) {
      const entry = watched.get(id)
      if (entry === undefined) continue
      const text = renderMessage(deps, resource)
      entry.mark = mark
      if (entry.lastText === text) continue
      entry.lastText = text
      for (const viewer of entry.viewers) write(viewer, text)
    }
    if (deps.clock.monotonicMs() - lastHeartbeatMs < HEARTBEAT_EVERY_MS) return
    lastHeartbeatMs = deps.clock.monotonicMs()
    for (const { viewers } of watched.values())
      for (const viewer of viewers) write(viewer, ': \n\n')
  }

  /** One turn at a time: the next is planned when this one has ended. */
  function plan(): void {
    if (timer !== null || watched.size === 0) return
    timer = setTimeout(() => {
      look()
        .catch((error) => deps.logger.warn({ error }, 'checkout pages could not be refreshed'))
        .finally(() => {
          timer = null
          plan()
        })
    }, LOOK_EVERY_MS)
    timer.unref()
  }

  return {
    watch(invoice, res) {
      const text = renderMessage(deps, invoice)
      const entry = watched.get(invoice.id) ?? { mark: null, lastText: text, viewers: new Set() }
      assertPlace(viewerCount, entry.viewers.size)
      watched.set(invoice.id, entry)
      entry.viewers.add(res)
      viewerCount += 1
      res.once('close', () => {
        viewerCount -= 1
        entry.viewers.delete(res)
        if (entry.viewers.size === 0) watched.delete(invoice.id)
      })
      openStream(res)
      write(res, text)
      plan()
    },
    close() {
      if (timer !== null) clearTimeout(timer)
      for (const { viewers } of watched.values()) for (const viewer of viewers) viewer.end()
      watched.clear()
    },
  }
}

/** Changes when a page may have to tell that a chain is in trouble, or no longer is. */
function describeHealth({ chains }: HttpDeps): string {
  return chains
    .list()
    .map(({ chainId }) => chains.healthOf(chainId).state)
    .join()
}

function assertPlace(viewers: number, viewersOfInvoice: number): void {
  if (viewers < VIEWERS_MAX && viewersOfInvoice < VIEWERS_PER_INVOICE_MAX) return
  throw new GatewayError('rate_limited', 'Too many live viewers; ask for the status instead.', {
    retryable: true,
    retryAfterS: REFUSED_RETRY_S,
  })
}

function openStream(res: Response): void {
  res.status(200).set({
    'Content-Type': 'text/event-stream',
    'Cache-Control': 'no-store',
    'X-Accel-Buffering': 'no',
  })
  res.flushHeaders()
}

/** The id is the tag that the page and the status carry too, so that a viewer knows what it has. */
function renderMessage({ chains }: HttpDeps, invoice: InvoiceResource): string {
  const { text, tag } = tagStatus(presentPublicStatus(invoice, chains))
  return `id: ${tag}\nevent: status\ndata: ${text}\n\n`
}

function write(viewer: Response, text: string): void {
  if (viewer.writableLength > UNREAD_BYTES_MAX) viewer.destroy()
  else viewer.write(text)
}
