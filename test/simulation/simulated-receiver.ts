/** A shop's webhook receiver: what it answers is scripted, what it got is remembered. */
import type {
  WebhookRequest,
  WebhookResult,
  WebhookSender,
} from '../../src/ports/webhook-sender.ts'
import type { Random } from './random.ts'
import { Violation } from './violation.ts'

export const RECEIVER_MOODS = [
  'fine',
  'fine',
  'errors',
  'slow_down',
  'refused',
  /** Takes the request, and its answer is lost. */
  'answer_lost',
  'redirects',
  'flaky',
] as const
export type ReceiverMood = (typeof RECEIVER_MOODS)[number] | 'gone'

export type Received = { readonly url: string; readonly id: string; readonly body: string }

export type SimulatedReceiver = {
  readonly sender: WebhookSender
  readonly received: readonly Received[]
  /** What was wrong with a request: the sender takes whatever a receiver throws for a failure. */
  violation(): Violation | null
  turn(url: string, mood: ReceiverMood): void
  calm(): void
}

export function createSimulatedReceiver(random: Random): SimulatedReceiver {
  const moods = new Map<string, ReceiverMood>()
  const received: Received[] = []
  const bodies = new Map<string, string>()
  const last = new Map<string, number>()
  let violation: Violation | null = null
  const complain = (rule: string, detail: string): void => {
    violation ??= new Violation(rule, detail)
  }

  const take = ({ url, headers, body }: WebhookRequest): void => {
    const id = headers['webhook-id'] as string
    received.push({ url, id, body })
    if ((bodies.get(id) ?? body) !== body) complain('webhook-body', `${id} changed`)
    bodies.set(id, body)
    const { invoice, sequence } = JSON.parse(body) as {
      invoice: string | null
      sequence: number | null
    }
    if (invoice === null || sequence === null) return
    const lane = `${url} ${invoice}`
    if (sequence < (last.get(lane) ?? 0)) {
      complain('webhook-order', `${lane}: ${sequence} after ${last.get(lane)}`)
    }
    last.set(lane, sequence)
  }
  return {
    received,
    violation: () => violation,
    turn: (url, mood) => void moods.set(url, mood),
    calm: () => moods.clear(),
    sender: {
      async send(request) {
        const mood = moods.get(request.url) ?? 'fine'
        if (mood !== 'refused') take(request)
        return answer(mood === 'flaky' ? random.pick(RECEIVER_MOODS) : mood)
      },
    },
  }
}

function answer(mood: ReceiverMood): WebhookResult {
  const status = (code: number, retryAfter: string | null = null): WebhookResult => ({
    kind: 'answered',
    status: code,
    retryAfter,
    excerpt: '',
    durationMs: 20,
  })
  switch (mood) {
    case 'errors':
    case 'flaky':
      return status(500)
    case 'slow_down':
      return status(503, '30')
    case 'redirects':
      return status(308)
    case 'gone':
      return status(410)
    case 'refused':
      return { kind: 'failed', reason: 'connect', detail: 'refused', durationMs: 1 }
    case 'answer_lost':
      return { kind: 'failed', reason: 'timeout', detail: 'no answer', durationMs: 10_000 }
    case 'fine':
      return status(200)
  }
}
