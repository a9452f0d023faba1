/** What the generated operations are made of. */

/** How one operation is asked for over HTTP. */
export type Route = {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  /** With its places in braces: `/v1/invoices/{id}`. */
  readonly path: string
  /** Names of the places, in the order of the arguments that fill them. */
  readonly places: readonly string[]
  /** Where the argument behind them goes; null where there is none. */
  readonly input: 'body' | 'query' | null
  /** Asked without the API key. */
  readonly isPublic: boolean
  /** Statuses whose body is the answer; every other one is a problem. */
  readonly answers: readonly number[]
}

/** What one call may ask for apart from its input. */
export type RequestOptions = {
  /**
   * POST only: one key, one change, however often the call is made, also by another process. 1 to
   * 255 printable ASCII characters. Without one, each call makes its own, which covers its retries.
   */
  readonly idempotencyKey?: string | undefined
  /** Ends the call, between attempts too; it then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
  /** Milliseconds for one attempt, instead of the client's. */
  readonly timeoutMs?: number | undefined
}

/** A page of a list; `eachItem` walks all of them. */
export type Page<Item> = {
  readonly data: readonly Item[]
  /** For the next page; null on the last one. */
  readonly next_cursor: string | null
}
