/** Stopping, starting and refusing to start: what an operator and a power cut do. */
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import Database from 'better-sqlite3'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { findFreePort } from '../../hardhat-local/src/find-free-port.ts'
import { accountXpub } from '../support/account-keys.ts'
import { TEST_XPUB, waitFor } from '../support/gateway-process.ts'
import { neverAnswer } from '../support/hostile-receiver.ts'
import { K, type PaymentWorld, usePaymentWorld } from '../support/payment-world.ts'
import { runToEnd, spawnTool } from '../support/tool-process.ts'
import { idOf, listAll, listEvents, registerEndpoint } from '../support/webhook-endpoints.ts'

const STOP_LIMIT_MS = 10_000

// Many starts: about a second each on an idle machine.
vi.setConfig({ testTimeout: 60_000 })

describe('DU-03 SIGTERM', () => {
  const world = usePaymentWorld({
    env: { QUITTANCE_WEBHOOK_SCHEDULE: '300ms,300ms,300ms', QUITTANCE_XPUB: accountXpub(3) },
  })

  test('DU-03 SIGTERM under load: exit 0 within 10 s, and nothing acknowledged is lost', async () => {
    world.receiver.respondWith(async (_request, response) => {
      await sleep(150)
      response.writeHead(200).end()
    })
    await registerEndpoint(world.gateway, world.receiver, '/hook')
    const load = startLoad(world)
    await waitFor('some load', () => load.acknowledged.size >= 20)
    const { code, tookMs } = await stopTimed(world)
    expect(code).toBe(0)
    expect(tookMs).toBeLessThan(STOP_LIMIT_MS)
    // It stopped accepting: nobody listens any more.
    await expect(fetch(`${world.gateway.url}/healthz`)).rejects.toThrow('fetch failed')
    await world.gateway.start()
    await waitFor('more load', () => load.acknowledged.size >= 40)
    await load.stop()

    await world.mine(K)
    const invoices = await listAll(world.gateway, '/v1/invoices')
    expect(new Set(invoices.map(({ id }) => id))).toEqual(new Set(load.acknowledged.values()))
    expect(new Set(invoices.map(({ address }) => address)).size).toBe(invoices.length)
    await waitFor('all payments to settle', async () => {
      const settled = await listAll(world.gateway, '/v1/invoices', { status: 'settled' })
      return settled.length === invoices.length
    })
    const ids = new Set((await listEvents(world.gateway)).map(({ id }) => id))
    await world.receiver.waitFor(
      (requests) => new Set(requests.map(idOf)).size === ids.size,
      10_000,
    )
    expect(new Set(world.receiver.requests.map(idOf))).toEqual(ids)
    await world.expectCleanState()
  })

  test('DU-03 neither a node nor receivers nor viewers that hang hold up a stop', async () => {
    world.receiver.respondWith(neverAnswer)
    const { checkout_url: page, id } = await world.createInvoice()
    const seen = world.receiver.requests.length
    const viewer = await fetch(`${page}/events`)
    await world.receiver.waitFor(
      (requests) => requests.slice(seen).some(({ rawBody }) => rawBody.includes(id)),
      5_000,
    )
    world.node.pause()
    await sleep(600) // the next poll is under way
    const { code, tookMs } = await stopTimed(world)
    expect(code).toBe(0)
    expect(tookMs).toBeLessThan(STOP_LIMIT_MS)
    await viewer.body?.cancel().catch(() => {})
    world.node.resume()
    world.receiver.respondWith(200)
    const held = idOf(world.receiver.requests.at(-1) as any)
    const before = world.receiver.requests.length
    await world.gateway.start()
    await world.receiver.waitFor(
      (requests) => requests.slice(before).some((request) => idOf(request) === held),
      5_000,
    )
    await world.expectCleanState()
  })
})

async function stopTimed({ gateway }: PaymentWorld) {
  const startedMs = performance.now()
  const code = await gateway.stop()
  return { code, tookMs: performance.now() - startedMs }
}

/** Creates invoices with idempotency keys and pays each, whatever becomes of the gateway. */
function startLoad(world: PaymentWorld) {
  const acknowledged = new Map<string, string>()
  const isStopped = { value: false }
  const create = async (worker: number) => {
    for (let n = 0; !isStopped.value; n++) {
      const key = `load-${worker}-${n}`
      const invoice = await createUntilAcknowledged(world, key)
      acknowledged.set(key, invoice.id)
      const units = BigInt(invoice.payment_options[0].amount_due_units)
      await world.chain.sendToken({ token: world.usdc.address, to: invoice.address, units })
      if (n % 3 === 0) await world.chain.mine(1)
      await sleep(30)
    }
  }
  const workers = [1, 2, 3].map(create)
  return {
    acknowledged,
    async stop() {
      isStopped.value = true
      await Promise.all(workers)
    },
  }
}

/** As a careful shop does: the same key again until there is an answer. */
async function createUntilAcknowledged(world: PaymentWorld, key: string): Promise<any> {
  const body = { price: { amount: '1', currency: 'USD' }, accept: [world.usdc.asset] }
  for (;;) {
    const headers = { 'idempotency-key': key }
    const answer = await world.gateway
      .request('POST', '/v1/invoices', body, headers)
      .catch(() => null)
    if (answer?.status === 201) return answer.body
    if (answer !== null && ![409, 503].includes(answer.status)) {
      throw new Error(`POST invoice: ${JSON.stringify(answer.body)}`)
    }
    await sleep(50)
  }
}

const NOBODY = 65_534
const isRoot = process.getuid?.() === 0
/** Permissions do not bind root: there the gateway runs as somebody else. */
const asUser = isRoot ? { uid: NOBODY } : {}

describe('DU-06 a database that cannot be used', () => {
  let folder: string

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'quittance-du06-'))
    if (isRoot) chownSync(folder, NOBODY, NOBODY)
    chmodSync(folder, 0o755)
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  /** A folder that the gateway's user owns. */
  function makeFolder(name: string): string {
    const path = join(folder, name)
    mkdirSync(path)
    if (isRoot) chownSync(path, NOBODY, NOBODY)
    return path
  }

  function makeFile(path: string, content: string | Buffer, mode = 0o600): string {
    writeFileSync(path, content, { mode })
    if (isRoot) chownSync(path, NOBODY, NOBODY)
    return path
  }

  async function expectRefusal(database: string, reason: RegExp): Promise<void> {
    const env = { QUITTANCE_DATABASE: `sqlite:${database}`, QUITTANCE_XPUB: TEST_XPUB }
    const port = String(await findFreePort())
    const result = await runToEnd({
      args: ['serve'],
      cwd: '/',
      env: { ...env, QUITTANCE_PORT: port },
      ...asUser,
    })
    expect(result.code).toBe(1)
    const lines = result.output.trim().split('\n')
    expect(lines, result.output).toHaveLength(1)
    expect(lines[0]).toMatch(/^quittance: /)
    expect(lines[0]).toMatch(reason)
    expect(result.output).not.toMatch(/\n\s+at |SqliteError|node_modules/)
  }

  test('DU-06 a directory that is not writable', async () => {
    const closed = makeFolder('closed')
    chmodSync(closed, 0o555)
    await expectRefusal(join(closed, 'quittance.db'), /cannot be|permissions/)
    expect(readdirSync(closed)).toEqual([])
  })

  test('DU-06 a path below a regular file, or where nothing can be made', async () => {
    const file = makeFile(join(folder, 'a-file'), 'text')
    await expectRefusal(join(file, 'data', 'quittance.db'), /cannot be|permissions/)
    await expectRefusal('/proc/quittance/quittance.db', /cannot be|permissions/)
    expect(readFileSync(file, 'utf8')).toBe('text')
  })

  test('DU-06 a directory in place of the file', async () => {
    const directory = join(makeFolder('in-place'), 'quittance.db')
    mkdirSync(directory)
    await expectRefusal(directory, /is a directory/)
  })

  test('DU-06 a database file that is read-only', async () => {
    const place = makeFolder('read-only')
    const path = join(place, 'quittance.db')
    const env = { QUITTANCE_DATABASE: `sqlite:${path}`, QUITTANCE_XPUB: TEST_XPUB }
    const made = await runToEnd({ args: ['check'], cwd: '/', env, ...asUser })
    expect(made.code).toBe(0)
    chmodSync(path, 0o400)
    const before = readFileSync(path)
    await expectRefusal(path, /read-only|permissions|cannot be/)
    expect(readFileSync(path).equals(before)).toBe(true)
  })

  test('DU-06 a file that is no database, or that of another program', async () => {
    const text = 'Dear diary, this is not a database. '.repeat(200)
    const diary = makeFile(join(makeFolder('diary'), 'quittance.db'), text)
    await expectRefusal(diary, /not a database/)
    expect(readFileSync(diary, 'utf8')).toBe(text)

    const source = join(makeFolder('foreign'), 'made.db')
    const foreign = new Database(source)
    foreign.exec('CREATE TABLE invoices (id TEXT); INSERT INTO invoices VALUES (1)')
    foreign.close()
    const bytes = readFileSync(source)
    const path = makeFile(join(folder, 'foreign', 'quittance.db'), bytes)
    await expectRefusal(path, /another program/)
    expect(readFileSync(path).equals(bytes)).toBe(true)
  })
})

describe('DU-09 one database, one gateway', () => {
  const world = usePaymentWorld()

  test('DU-09 a second gateway is refused and the first is unaffected; kill -9 leaves no lock', async () => {
    const { gateway } = world
    const before = await world.createInvoice()
    const second = await runSecond()
    expect(second.code).toBe(1)
    expect(second.output.trim().split('\n')).toHaveLength(1)
    expect(second.stderr).toMatch(/already running/i)
    expect(gateway.exitCode()).toBe(null)
    const after = await world.createInvoice()
    expect(after.address).not.toBe(before.address)
    await world.mine(1)
    // The refused start took no index: the addresses go on one by one.
    const indexOf = ({ derivation_path: path }: any) => Number(path.split('/').at(-1))
    expect(indexOf(after)).toBe(indexOf(before) + 1)

    await gateway.kill()
    await gateway.start()
    expect(await world.getInvoice(after.id)).toMatchObject({ address: after.address })
    expect((await runSecond()).stderr).toMatch(/already running/i)
    const third = await world.createInvoice()
    expect(new Set([before.address, after.address, third.address]).size).toBe(3)
    await world.expectCleanState()
  })

  test('DU-09 a gateway that does not serve the API takes the same lock', async () => {
    const result = await runSecond(['--role', 'webhooks'])
    expect(result.code).toBe(1)
    expect(result.stderr).toMatch(/already running/i)
  })

  async function runSecond(args: readonly string[] = []) {
    const port = String(await findFreePort())
    return runToEnd({
      args: ['serve', ...args],
      cwd: world.gateway.folder,
      env: {
        QUITTANCE_CONFIG: world.gateway.configPath,
        QUITTANCE_XPUB: TEST_XPUB,
        QUITTANCE_PORT: port,
      },
    })
  }
})

test('with neither chain nor store it starts, says what to do, and stops cleanly', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'quittance-bare-'))
  const port = await findFreePort()
  const run = spawnTool({ args: ['serve'], cwd: folder, env: { QUITTANCE_PORT: String(port) } })
  try {
    const url = `http://127.0.0.1:${port}`
    await waitFor('the API to listen', async () => {
      return (await fetch(`${url}/healthz`).catch(() => null))?.status === 200
    })
    const ready = await fetch(`${url}/readyz`)
    expect(ready.status).toBe(503)
    const body: any = await ready.json()
    expect(body).toMatchObject({ status: 'not_configured', chains: [] })
    expect(body.detail).toMatch(/quittance init|QUITTANCE_RPC/)
    expect((await fetch(`${url}/v1/invoices`)).status).toBe(401)
    run.child.kill('SIGTERM')
    expect(await run.exited).toBe(0)
  } finally {
    run.child.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  }
})
