import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  createJsonRpcClient,
  type JsonRpcClient,
} from '../../../src/adapters/evm-rpc/json-rpc-client.ts'
import type { ChainFaultKind } from '../../../src/errors.ts'
import {
  type Asked,
  catchFault,
  createManualClock,
  never,
  type ScriptedServer,
  startScriptedServer,
} from './support.ts'

const TIMEOUT_MS = 150
const MAX_BODY_BYTES = 20_000
const clock = createManualClock()

let server: ScriptedServer
let client: JsonRpcClient

beforeAll(async () => {
  server = await startScriptedServer()
})
afterAll(() => server.stop())
beforeEach(() => {
  server.requests.length = 0
  client = connect(server.url)
})

function connect(url: string, headers: Record<string, string> = {}): JsonRpcClient {
  const settings = { url, clock, timeoutMs: TIMEOUT_MS, maxBodyBytes: MAX_BODY_BYTES, headers }
  return createJsonRpcClient(settings)
}

/** Answers every request with this text. */
function answerText(text: string, status = 200, headers: Record<string, string> = {}): void {
  server.respond = (_, response) => void response.writeHead(status, headers).end(text)
}

/** Answers every request with what the function makes of it. */
function answerJson(render: (asked: Asked, all: Asked[]) => unknown): void {
  server.respond = (body, response) => {
    const all = Array.isArray(body) ? body : [body]
    response.end(JSON.stringify(render(all[0]!, all)))
  }
}

const callOnce = () => client.call('eth_blockNumber', [], never())
const BATCH = ['a', 'b', 'c'].map((method) => ({ method, params: [method] }))
const batchOnce = () => client.batch(BATCH, never())

describe('a call', () => {
  test('sends one JSON-RPC object and gives the result', async () => {
    answerJson(({ id, method, params }) => ({ jsonrpc: '2.0', id, result: [method, params] }))
    const answer = await client.call('eth_getBlockByHash', ['0x1', true], never())
    expect(answer).toEqual({ kind: 'result', value: ['eth_getBlockByHash', ['0x1', true]] })
    expect(server.requests[0]).toMatchObject({ jsonrpc: '2.0', method: 'eth_getBlockByHash' })
  })

  test('null is a result, and a null error is no error', async () => {
    answerJson(({ id }) => ({ id, result: null, error: null }))
    expect(await callOnce()).toEqual({ kind: 'result', value: null })
  })

  test.each<[string, (asked: Asked) => unknown]>([
    ['another id', ({ id }) => ({ id: id + 1, result: 1 })],
    ['the id as text', ({ id }) => ({ id: String(id), result: 1 })],
    ['no id', () => ({ result: 1 })],
    ['neither result nor error', ({ id }) => ({ id })],
    ['both', ({ id }) => ({ id, result: 1, error: { code: 1, message: 'x' } })],
    ['an error that is text', ({ id }) => ({ id, error: 'boom' })],
    ['an error without message', ({ id }) => ({ id, error: { code: -32000 } })],
    ['an error for no request', () => ({ id: null, error: { code: -32700, message: 'parse' } })],
    ['a list', ({ id }) => [{ id, result: 1 }]],
    ['a number', () => 7],
    ['null', () => null],
    ['too many bytes', ({ id }) => ({ id, result: 'x'.repeat(MAX_BODY_BYTES) })],
  ])('%s is malformed', async (_, render) => {
    answerJson(render)
    expect((await catchFault(callOnce())).kind).toBe('malformed')
  })

  test('an answer just below the cap is taken', async () => {
    answerJson(({ id }) => ({ id, result: 'x'.repeat(MAX_BODY_BYTES - 100) }))
    expect(await callOnce()).toMatchObject({ kind: 'result' })
  })

  test.each<[string, string, number, ChainFaultKind]>([
    ['HTML', '<html></html>', 200, 'malformed'],
    ['broken JSON', '{"jsonrpc":"2.0","id":', 200, 'malformed'],
    ['nothing', '', 200, 'malformed'],
    ['java-tron at its limit', '{"Error":"lack of computing resources"}', 200, 'capacity'],
    ['a limit for no request', '{"id":null,"error":{"code":429,"message":"x"}}', 200, 'capacity'],
    ['HTTP 429', '{}', 429, 'capacity'],
    ['HTTP 502', 'oops', 502, 'unreachable'],
    ['HTTP 503', '<html></html>', 503, 'unreachable'],
    ['a closed door', 'no', 401, 'unreachable'],
    ['a redirect', '', 302, 'unreachable'],
    ['HTTP 504', '', 504, 'unreachable'],
  ])('%s', async (_, text, status, kind) => {
    answerText(text, status)
    expect((await catchFault(callOnce())).kind).toBe(kind)
  })
})

describe('an error object', () => {
  test.each<[string, number, string, string?]>([
    ['unsupported', -32601, 'the method x does not exist/is not available'],
    ['unsupported', -32004, 'Method eth_getBlockReceipts is not supported'],
    ['unsupported', -32000, 'method eth_getBlockReceipts is not whitelisted'],
    ['not_there', -32000, 'header not found'],
    ['not_there', -32000, 'unknown block'],
    ['not_there', -32001, 'resource not found'],
    ['refused', 3, 'execution reverted'],
    ['refused', -32603, 'VM Exception while processing transaction: reverted'],
    ['refused', -32602, 'invalid argument 0'],
    ['refused', -32005, 'query returned more than 10000 results', 'too_many_results'],
  ])('%s: %i %s', async (kind, code, message, limit?: string) => {
    answerJson(({ id }) => ({ id, error: { code, message } }))
    const { limit: found, ...answer } = (await callOnce()) as { limit?: { kind: string } }
    expect(answer).toEqual({ kind, code, message })
    expect(found?.kind).toBe(limit)
  })

  test.each<[ChainFaultKind, number, string]>([
    ['capacity', 429, 'Too Many Requests'],
    ['capacity', -32005, 'daily request count exceeded, request rate limited'],
    ['capacity', -32005, 'limit exceeded'],
    ['capacity', -32000, 'Your app has exceeded its compute units per second capacity'],
    ['unreachable', -32603, 'Internal error'],
    ['unreachable', -32011, 'no backend is currently healthy to serve traffic'],
  ])('fault %s: %i %s', async (kind, code, message) => {
    answerJson(({ id }) => ({ id, error: { code, message } }))
    expect((await catchFault(callOnce())).kind).toBe(kind)
  })
})

describe('a batch', () => {
  const echo = ({ id, params }: Asked) => ({ id, result: params[0] })

  test('gives answers in the order of the calls, however they come', async () => {
    answerJson((_, all) => all.map(echo).reverse())
    const answers = await batchOnce()
    expect(answers.map((answer) => answer.kind === 'result' && answer.value)).toEqual([
      'a',
      'b',
      'c',
    ])
  })

  test('one refusal leaves the other answers', async () => {
    answerJson((first, all) =>
      all.map((asked) =>
        asked === first ? { id: asked.id, error: { code: -32601, message: 'no' } } : echo(asked),
      ),
    )
    expect((await batchOnce()).map(({ kind }) => kind)).toEqual(['unsupported', 'result', 'result'])
  })

  test('more than a hundred calls are split', async () => {
    server.respond = (body, response) => {
      const render = ({ id }: Asked) => ({ id, result: null })
      response.end(JSON.stringify(Array.isArray(body) ? body.map(render) : render(body)))
    }
    const calls = Array.from({ length: 201 }, () => ({ method: 'm', params: [] }))
    expect(await client.batch(calls, never())).toHaveLength(201)
    expect(server.requests.map((r) => (Array.isArray(r) ? r.length : 1))).toEqual([100, 100, 1])
  })

  test('no calls ask nothing', async () => {
    expect(await client.batch([], never())).toEqual([])
    expect(server.requests).toEqual([])
  })

  test.each<[string, ChainFaultKind, (all: Asked[]) => unknown]>([
    ['a missing item', 'malformed', (all) => all.slice(1).map(echo)],
    ['a duplicate', 'malformed', (all) => [all[0]!, all[0]!, all[2]!].map(echo)],
    ['one too many', 'malformed', (all) => [...all, all[0]!].map(echo)],
    ['an unknown id', 'malformed', (all) => all.map((a) => ({ ...echo(a), id: a.id + 1 }))],
    ['a text id', 'malformed', (all) => all.map((a) => ({ ...echo(a), id: `${a.id}` }))],
    ['a fraction as id', 'malformed', (all) => all.map((a) => ({ ...echo(a), id: a.id + 0.5 }))],
    ['an item that is null', 'malformed', (all) => [null, ...all.slice(1).map(echo)]],
    ['one error', 'malformed', () => ({ id: null, error: { code: -32600, message: 'no batch' } })],
    ['one limit', 'capacity', () => ({ id: null, error: { code: 429, message: 'slow' } })],
    [
      'a limit in one item',
      'capacity',
      (all) => [{ id: all[0]!.id, error: { code: 429, message: '' } }, ...all.slice(1).map(echo)],
    ],
  ])('with %s is %s', async (_, kind, render) => {
    answerJson((_first, all) => render(all))
    expect((await catchFault(batchOnce())).kind).toBe(kind)
  })
})

describe('a node that takes small batches only', () => {
  const calls = (count: number) =>
    Array.from({ length: count }, (_, i) => ({ method: 'm', params: [i] }))
  const sizes = () => server.requests.map((body) => (Array.isArray(body) ? body.length : 0))
  const values = async (count: number) =>
    (await client.batch(calls(count), never())).map(
      (answer) => answer.kind === 'result' && answer.value,
    )

  /** Refuses batches of more, in one of the forms that servers have; 0 takes none at all. */
  function takeAtMost(limit: number, refuse: (all: Asked[]) => [number, unknown]): void {
    server.respond = (body, response) => {
      const all = Array.isArray(body) ? body : [body]
      const answers = all.map(({ id, params }) => ({ id, result: params[0] }))
      if (!Array.isArray(body)) return void response.end(JSON.stringify(answers[0]))
      if (all.length <= limit) return void response.end(JSON.stringify(answers))
      const [status, answer] = refuse(all)
      response.writeHead(status).end(JSON.stringify(answer))
    }
  }
  const invalid = { code: -32600, message: 'invalid request' }
  const tooLarge = { code: -32600, message: 'batch too large' }
  const limited = { code: -32005, message: 'batch size limit exceeded' }

  test.each<[string, (all: Asked[]) => [number, unknown]]>([
    ['one error', () => [200, { jsonrpc: '2.0', id: null, error: invalid }]],
    ['one error with HTTP 400', () => [400, { jsonrpc: '2.0', id: null, error: invalid }]],
    ['a list of one error, as geth', ([first]) => [200, [{ id: first?.id, error: tooLarge }]]],
    ['a limit that is one of batches', () => [200, { id: null, error: limited }]],
    ['HTTP 413', () => [413, 'too large']],
    ['HTTP 500 that speaks of batches', () => [500, { message: 'Batch of more than 3', code: 31 }]],
  ])('%s: halves until it is taken, and remembers', async (_, refuse) => {
    takeAtMost(10, refuse)
    expect(await values(30)).toEqual([...Array(30).keys()])
    expect(sizes()).toEqual([30, 15, 7, 7, 7, 7, 2])
    server.requests.length = 0
    expect(await values(14)).toEqual([...Array(14).keys()])
    expect(sizes()).toEqual([7, 7])
    client.forget()
    server.requests.length = 0
    await values(12)
    expect(sizes()).toEqual([12, 6, 6])
  })

  test('none at all: plain requests, at once from then on', async () => {
    takeAtMost(0, () => [200, { id: null, error: invalid }])
    expect(await values(3)).toEqual([0, 1, 2])
    expect(sizes()).toEqual([3, 0, 0, 0])
    server.requests.length = 0
    expect(await values(2)).toEqual([0, 1])
    expect(sizes()).toEqual([0, 0])
  })

  test('one that refuses everything is at fault, and nothing is remembered', async () => {
    answerJson(() => ({ id: null, error: invalid }))
    expect((await catchFault(client.batch(calls(4), never()))).kind).toBe('malformed')
    expect(sizes()).toEqual([4, 2, 0])
    takeAtMost(100, () => [200, null])
    server.requests.length = 0
    expect(await values(4)).toEqual([0, 1, 2, 3])
    expect(sizes()).toEqual([4])
  })

  test.each<[string, unknown]>([
    ['an object without error', { id: null, result: 1 }],
    ['an error that is none', { id: null, error: 'no batch' }],
    ['a list without answers', []],
    ['null', null],
  ])('%s is no refusal of a batch: malformed, asked once', async (_, answer) => {
    takeAtMost(0, () => [200, answer])
    expect((await catchFault(batchOnce())).kind).toBe('malformed')
    expect(sizes()).toEqual([3])
  })

  test.each<[ChainFaultKind, object]>([
    ['capacity', { code: 429, message: 'slow' }],
    ['unreachable', { code: -32603, message: 'Internal error' }],
  ])('%s is not eased by more requests', async (kind, error) => {
    for (const answer of [{ id: null, error }, [{ id: null, error }]]) {
      takeAtMost(0, () => [200, answer])
      server.requests.length = 0
      expect((await catchFault(batchOnce())).kind).toBe(kind)
      expect(sizes()).toEqual([3])
    }
  })
})

describe('waiting', () => {
  test.each<[string, string, number | undefined]>([
    ['seconds', '7', 7_000],
    ['a date', new Date(clock.nowMs() + 9_000).toUTCString(), 9_000],
    ['a date gone by', new Date(clock.nowMs() - 9_000).toUTCString(), 0],
    ['too long', '86400', 60_000],
    ['nonsense', 'soon', undefined],
  ])('Retry-After: %s', async (_, value, expected) => {
    answerText('', 429, { 'retry-after': value })
    expect((await catchFault(callOnce())).retryAfterMs).toBe(expected)
  })

  test('no answer within the deadline', async () => {
    server.respond = () => {}
    const fault = await catchFault(callOnce())
    expect(fault).toMatchObject({ kind: 'unreachable', message: expect.stringContaining('150 ms') })
  })

  test('the deadline covers the body too', async () => {
    server.respond = (_, response) => void response.write('{')
    expect((await catchFault(callOnce())).kind).toBe('unreachable')
  })

  test('the caller gives up: its own reason, not a fault of the node', async () => {
    server.respond = () => {}
    const reason = new Error('shutting down')
    const controller = new AbortController()
    const pending = client.call('m', [], controller.signal)
    controller.abort(reason)
    await expect(pending).rejects.toBe(reason)
    await expect(client.call('m', [], controller.signal)).rejects.toBe(reason)
  })
})

describe('connections', () => {
  test('reset before and within the answer', async () => {
    server.respond = (_, _response, request) => void request.socket.resetAndDestroy()
    expect((await catchFault(callOnce())).kind).toBe('unreachable')
    server.respond = (_, response, request) => {
      response.writeHead(200, { 'content-length': '100' }).write('{"id"')
      setTimeout(() => request.socket.destroy(), 20)
    }
    expect((await catchFault(callOnce())).kind).toBe('unreachable')
  })

  test('refused, and works again once somebody listens', async () => {
    const gone = await startScriptedServer()
    await gone.stop()
    const fault = await catchFault(connect(gone.url).call('m', [], never()))
    expect(fault).toMatchObject({ kind: 'unreachable', message: expect.stringMatching(/REFUSED/) })
  })

  test('one idle connection is used again, and replaced when the node has closed it', async () => {
    const sockets = new Set<unknown>()
    server.respond = (body, response, request) => {
      sockets.add(request.socket)
      response.end(JSON.stringify({ id: (body as Asked).id, result: sockets.size }))
    }
    await callOnce()
    expect(await callOnce()).toEqual({ kind: 'result', value: 1 })
    server.respond = (body, response, request) => {
      if (sockets.has(request.socket)) request.socket.resetAndDestroy()
      else response.end(JSON.stringify({ id: (body as Asked).id, result: 'anew' }))
    }
    expect(await callOnce()).toEqual({ kind: 'result', value: 'anew' })
  })
})

describe('secrets', () => {
  const SECRETS = ['hunter2-pass', 'k3y-in-the-path', 'k3y-in-query', 'k3y-in-header']

  function connectWithSecrets(): JsonRpcClient {
    const url = new URL(server.url)
    url.username = 'user'
    url.password = 'hunter2-pass'
    url.pathname = '/v2/k3y-in-the-path'
    url.searchParams.set('key', 'k3y-in-query')
    return connect(url.href, { 'x-api-key': 'k3y-in-header' })
  }

  test('reach the node', async () => {
    server.respond = (body, response, { headers, url }) => {
      const result = [headers.authorization, headers['x-api-key'], url]
      response.end(JSON.stringify({ id: (body as Asked).id, result }))
    }
    const answer = await connectWithSecrets().call('m', [], never())
    const basic = `Basic ${Buffer.from('user:hunter2-pass').toString('base64')}`
    const value = [basic, 'k3y-in-header', '/v2/k3y-in-the-path?key=k3y-in-query']
    expect(answer).toEqual({ kind: 'result', value })
  })

  test.each([
    ['when the node repeats them', 200],
    ['in HTTP errors', 500],
    ['in limits', 429],
  ])('never stand in a message: %s', async (_, status) => {
    const message = `rate limit, bad key ${SECRETS.join(' ')}`
    answerText(JSON.stringify({ id: null, error: { code: 429, message } }), status)
    const fault = await catchFault(connectWithSecrets().call('m', [], never()))
    for (const secret of SECRETS) expect(fault.message).not.toContain(secret)
    expect(fault.message).toContain(new URL(server.url).host)
  })

  test('nor when the connection fails', async () => {
    server.respond = (_, _response, request) => void request.socket.resetAndDestroy()
    const fault = await catchFault(connectWithSecrets().call('m', [], never()))
    const shown = `${fault.stack} ${JSON.stringify(fault)} ${String(fault.cause)}`
    for (const secret of SECRETS) expect(shown).not.toContain(secret)
  })

  test('nor when the URL is none', () => {
    const connectToNothing = () => connect('ftp://user:hunter2-pass@127.0.0.1/')
    expect(connectToNothing).toThrow(/must be http/)
    expect(connectToNothing).not.toThrow(/hunter2/)
  })
})
