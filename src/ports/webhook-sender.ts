/** One attempt to hand a signed body to a receiver. Never rejects: every end is a result. */
export type WebhookSender = {
  send(request: WebhookRequest): Promise<WebhookResult>
}

export type WebhookRequest = {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export type WebhookResult =
  | {
      readonly kind: 'answered'
      readonly status: number
      /** Raw value of the Retry-After header, if any. */
      readonly retryAfter: string | null
      /** Beginning of the answer: at most 1 kB, printable ASCII or safe text. */
      readonly excerpt: string
      readonly durationMs: number
    }
  | {
      readonly kind: 'failed'
      /** `blocked` when the destination may not be contacted; no connection was made then. */
      readonly reason: 'blocked' | 'dns' | 'connect' | 'tls' | 'timeout' | 'protocol' | 'reset'
      readonly detail: string
      readonly durationMs: number
    }

/**
 * Whether a URL may be registered as an endpoint: its parts and, for an address literal, the
 * address. Names are resolved and checked at each attempt instead, since what they resolve to may
 * change.
 */
export type CheckDestination = (url: string) => DestinationCheck

export type DestinationCheck =
  /** `url` is the normalised form, the one to store and to send to. */
  | { readonly ok: true; readonly url: string }
  | { readonly ok: false; readonly code: string; readonly detail: string }
