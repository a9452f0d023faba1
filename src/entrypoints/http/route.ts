/** Routes of /v1 as data: what each needs is declared, and one dispatcher sees to it. */
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Express, Request, Response } from 'express'
import type { ZodType } from 'zod'
import type { ApiKeyScope } from '../../core/store-account/store-account.ts'
import { GatewayError } from '../../errors.ts'
import { assertScope, type Principal } from '../../operations/authenticate.ts'
import type { IdempotencyTicket } from '../../operations/idempotency.ts'
import { type IdempotencyGate, readTicket } from './idempotency-key.ts'
import { readJsonBody } from './read-json-body.ts'
import { type Query, readQuery } from './read-query.ts'

export type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE'

export type ApiRequest = {
  readonly principal: Principal
  readonly storeId: string
  /** Who acts, for the audit log: the id of the API key. */
  readonly actor: string
  /** The `:id` of the path, of the form its prefix asks for; empty without one. */
  readonly id: string
  readonly query: Query
  /** Parsed, not yet judged; `{}` where there was none. */
  readonly body: unknown
  readonly ticket: IdempotencyTicket
}

/** `body` is rendered as JSON, `json` is JSON already; without either the answer is 204. */
export type ApiAnswer =
  | { readonly status: number; readonly body?: unknown }
  | { readonly status: number; readonly json: string }

/** Text that is sent as it is made. A failure on the way breaks the connection off. */
export type StreamedText = {
  readonly contentType: string
  /** What a browser saves it as. */
  readonly fileName: string
  readonly parts: AsyncIterable<string>
}

export type ApiRoute = RouteTraits &
  (
    | { answer(request: ApiRequest): Promise<ApiAnswer> }
    | { stream(request: ApiRequest): StreamedText }
  )

type RouteTraits = {
  readonly method: Method
  readonly path: string
  /** Null: any valid key. */
  readonly scope: ApiKeyScope | null
  readonly query?: readonly string[]
  readonly body?: 'required' | 'optional'
  /** Form of the `:id`, e.g. `inv` for `inv_...`; an id of another form does not exist. */
  readonly id?: 'inv' | 'pay' | 'ref' | 'evt' | 'we' | 'key' | 'chain'
  readonly about: RouteDescription
}

/** What the API document says of a route; the tests hold its answers against it. */
export type RouteDescription = {
  readonly summary: string
  /** Status of success. */
  readonly status: number
  readonly input?: ZodType
  /** Absent where the answer has no body. */
  readonly output?: ZodType
  /** Where the answer is a text of this type instead. */
  readonly contentType?: string
}

const CHAIN_ID = /^[1-9][0-9]{0,14}$/
const ENTITY_ID = /^([a-z]{2,3})_[0-9a-z]{26}$/

/** Mounts routes under their paths; a known path with another method is 405 with `Allow`. */
export function mountRoutes(
  app: Express,
  gate: IdempotencyGate,
  routes: readonly ApiRoute[],
): void {
  for (const [path, atPath] of Map.groupBy(routes, (route) => route.path)) {
    const byMethod = new Map<string, ApiRoute>(atPath.map((route) => [route.method, route]))
    const get = byMethod.get('GET')
    if (get !== undefined) byMethod.set('HEAD', get)
    const allow = [...byMethod.keys(), 'OPTIONS'].join(', ')
    app.all(path, async (req, res) => {
      const route = byMethod.get(req.method)
      if (route !== undefined) await answerRoute(gate, route, req, res)
      else if (req.method === 'OPTIONS') res.status(204).set('Allow', allow).end()
      else throw refuseMethod(res, allow)
    })
  }
}

/** 405; the header goes along with the problem. */
export function refuseMethod(res: Response, allow: string): GatewayError {
  res.set('Allow', allow)
  return new GatewayError('method_not_allowed', `This path answers ${allow}.`)
}

async function answerRoute(
  gate: IdempotencyGate,
  route: ApiRoute,
  req: Request,
  res: Response,
): Promise<void> {
  const principal = res.locals.principal as Principal
  if (route.scope !== null) assertScope(principal, route.scope)
  const id = readId(route, req.params.id)
  const query = readQuery(req.url, route.query ?? [])
  const body =
    route.body === undefined ? {} : await readJsonBody(req, { optional: route.body === 'optional' })
  const { apiKey, store } = principal
  // The id in its own form, not the path as sent, which could be escaped in several ways.
  const scope = `${apiKey.id} ${route.method} ${route.path.replace(':id', id)}`
  const ticket = route.method === 'POST' ? readTicket(req, scope, body) : null
  const request = { principal, storeId: store.id, actor: apiKey.id, id, query, body, ticket }
  if ('stream' in route) return sendStream(req, res, route.stream(request))
  const answer = await gate.once(ticket, async () => {
    const made = await route.answer(request)
    if ('json' in made) return { status: made.status, body: made.json }
    return { status: made.status, body: made.body === undefined ? '' : JSON.stringify(made.body) }
  })
  if (answer.replayed) res.set('Idempotency-Replayed', 'true')
  res.status(answer.status)
  if (answer.body === '') res.end()
  else {
    res.setHeader('Content-Type', 'application/json; charset=utf-8')
    res.end(answer.body)
  }
}

/** The first part is made before the headers go: what is refused is still answered as a problem. */
async function sendStream(req: Request, res: Response, text: StreamedText): Promise<void> {
  const parts = text.parts[Symbol.asyncIterator]()
  const first = await parts.next()
  res.setHeader('Content-Type', text.contentType)
  res.setHeader('Content-Disposition', `attachment; filename="${text.fileName}"`)
  if (req.method === 'HEAD' || first.done === true) {
    await parts.return?.()
    res.end()
    return
  }
  async function* all(): AsyncGenerator<string> {
    yield (first as IteratorYieldResult<string>).value
    yield* { [Symbol.asyncIterator]: () => parts }
  }
  await pipeline(Readable.from(all()), res)
}

function readId(route: ApiRoute, text: string | string[] | undefined): string {
  if (route.id === undefined) return ''
  const id = typeof text === 'string' ? text : ''
  const fits = route.id === 'chain' ? CHAIN_ID.test(id) : ENTITY_ID.exec(id)?.[1] === route.id
  if (fits) return id
  throw new GatewayError('not_found', 'There is nothing under this id.')
}
