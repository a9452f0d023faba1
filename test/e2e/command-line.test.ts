/** The tool beside a running gateway, and alone. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import Database from 'better-sqlite3'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { accountXpub, deriveKey } from '../support/account-keys.ts'
import { TEST_XPUB } from '../support/gateway-process.ts'
import { K, usePaymentWorld } from '../support/payment-world.ts'
import { readAudit } from '../support/read-audit.ts'
import { filesHolding, runToEnd } from '../support/tool-process.ts'

// Each command is a process of its own: about a second on an idle machine.
vi.setConfig({ testTimeout: 60_000 })

describe('beside a running gateway', () => {
  const world = usePaymentWorld()
  const SHOP_XPUB = accountXpub(5)

  /** Asks with another key than the first store's. */
  const askAs = (key: string, method: string, path: string, body?: object) =>
    world.gateway.request(method, path, body, { authorization: `Bearer ${key}` })

  const createStore = (name: string, xpub: string) =>
    world.gateway.run('store', 'create', '--name', name, '--xpub', xpub)

  test('store create prints the id alone, and the new key works at once', async () => {
    const created = await createStore('Second shop', SHOP_XPUB)
    expect(created).toMatchObject({ code: 0, stderr: '' })
    expect(created.stdout).toMatch(/^st_[0-9a-z]{26}\n$/)
    const store = created.stdout.trim()
    const list = await world.gateway.run('store', 'list')
    expect(list.code).toBe(0)
    expect(list.stdout.split('\n')).toContainEqual(
      expect.stringMatching(`^${store}\t.*Second shop`),
    )
    expect(list.stdout).not.toContain('xpub')

    const key = await createKey(store)
    const body = { price: { amount: '3', currency: 'USD' } }
    const invoice = await askAs(key, 'POST', '/v1/invoices', body)
    expect(invoice.status).toBe(201)
    expect(invoice.body).toMatchObject({ store, derivation_path: "m/44'/60'/5'/0/0" })
    const verified = await world.gateway.run(
      ...['keys', 'verify-address', '--xpub', SHOP_XPUB, invoice.body.address],
    )
    expect(verified.code).toBe(0)
    // The two stores do not see each other.
    expect((await askAs(key, 'GET', `/v1/invoices/${invoice.body.id}`)).status).toBe(200)
    expect((await world.gateway.request('GET', `/v1/invoices/${invoice.body.id}`)).status).toBe(404)

    const asset = world.usdc.asset
    const option = invoice.body.payment_options.find((one: any) => one.asset === asset)
    const units = BigInt(option.amount_due_units)
    const { address } = invoice.body
    await world.chain.sendToken({ token: world.usdc.address, to: address, units })
    await world.mine(K)
    const paid = await askAs(key, 'GET', `/v1/invoices/${invoice.body.id}`)
    expect(paid.body.status).toBe('settled')
    await world.expectCleanState()
  })

  async function createKey(store: string, ...options: string[]): Promise<string> {
    const created = await world.gateway.run('api-key', 'create', '--store', store, ...options)
    expect(created).toMatchObject({ code: 0, stderr: '' })
    expect(created.stdout).toMatch(/^qk_[0-9A-Za-z]{32,}\n$/)
    return created.stdout.trim()
  }

  async function firstStore(): Promise<string> {
    const { stdout } = await world.gateway.run('store', 'list', '--json')
    return JSON.parse(stdout).find(({ name }: any) => name === 'default').id
  }

  test('api-key: scopes bind, the list shows no key, a revoked key is 401 within 1 s', async () => {
    const store = await firstStore()
    const key = await createKey(store, '--scopes', 'invoices:read', '--name', 'reader')
    expect((await askAs(key, 'GET', '/v1/invoices')).status).toBe(200)
    const body = { price: { amount: '3', currency: 'USD' } }
    expect((await askAs(key, 'POST', '/v1/invoices', body)).status).toBe(403)

    const list = await world.gateway.run('api-key', 'list', '--store', store)
    expect(list.code).toBe(0)
    expect(list.stdout).not.toContain(key)
    const entries = list.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    const { id } = entries.find(({ name }) => name === 'reader')
    const revoked = await world.gateway.run('api-key', 'revoke', id, '--store', store)
    expect(revoked.code).toBe(0)
    await sleep(1_000)
    const refused = await askAs(key, 'GET', '/v1/invoices')
    expect(refused.status).toBe(401)
    expect(refused.headers.get('www-authenticate')).toMatch(/^Bearer/)
    const again = await world.gateway.run('api-key', 'revoke', id, '--store', store)
    expect(again.code).not.toBe(0)
    expect(filesHolding(world.gateway.folder, key)).toEqual([])

    const audit = await readAudit(world.gateway)
    const actions = audit.filter(({ target }) => target === id).map(({ action }) => action)
    expect(actions).toEqual(['api-key.create', 'api-key.revoke'])
  })

  test('wrong arguments are refused in one line, and change nothing', async () => {
    const before = (await world.gateway.run('store', 'list')).stdout
    const refusals = [
      ['api-key', 'create', '--store', `st_${'0'.repeat(26)}`],
      ['api-key', 'create', '--store', await firstStore(), '--scopes', 'everything'],
      ['store', 'create', '--name', ' ', '--xpub', SHOP_XPUB],
      ['serve', '--role', 'cashier'],
    ]
    const results = await Promise.all(refusals.map((args) => world.gateway.run(...args)))
    for (const [i, result] of results.entries()) {
      const args = refusals[i] as string[]
      expect(result.code, args.join(' ')).toBe(1)
      expect(result.stdout, args.join(' ')).toBe('')
      expect(result.stderr.trim().split('\n'), args.join(' ')).toHaveLength(1)
    }
    expect((await world.gateway.run('store', 'list')).stdout).toBe(before)
  })

  test('DU-10 doctor finds no fault here, and names each one elsewhere', async () => {
    const healthy = await world.gateway.run('doctor')
    expect(healthy).toMatchObject({ code: 0, stderr: '' })
    expect(healthy.stdout).toMatch(/journal_mode=wal synchronous=2 foreign_keys=1/)
    expect(healthy.stdout).toMatch(/no faults\n$/)
    const env = { QUITTANCE_CONFIG: world.gateway.configPath, QUITTANCE_XPUB: TEST_XPUB }
    const run = (more: Record<string, string>) =>
      runToEnd({ args: ['doctor'], cwd: world.gateway.folder, env: { ...env, ...more } })
    const unreachable = await run({ QUITTANCE_RPC_31337: 'http://127.0.0.1:1' })
    expect(unreachable.code).toBe(1)
    expect(unreachable.stderr).toMatch(/^FAULT {2}chain 31337/)
    const wrong = await run({ QUITTANCE_PROT: '80', QUITTANCE_PORT: 'eighty' })
    expect(wrong.code).toBe(1)
    expect(wrong.stderr.trim().split('\n').toSorted()).toEqual([
      expect.stringMatching(/^FAULT {2}configuration: QUITTANCE_PORT: /),
      expect.stringMatching(/^FAULT {2}configuration: QUITTANCE_PROT: /),
    ])
  })

  test('DU-15 check is 0 on a sound state, and 1 with the rule and the invoice on a broken one', async () => {
    const { id } = await world.createInvoice()
    const sound = await world.gateway.run('check')
    expect(sound.code).toBe(0)
    expect(sound.stdout).toMatch(/: 0 violations\n$/)

    expect(await world.gateway.stop()).toBe(0)
    const db = new Database(join(world.gateway.folder, 'data', 'quittance.db'))
    const setStatus = db.prepare('UPDATE invoices SET status = ?, settled_at_ms = ? WHERE id = ?')
    setStatus.run('settled', 1, id)
    const broken = await world.gateway.run('check')
    setStatus.run('open', null, id)
    db.close()
    expect(broken.code).toBe(1)
    expect(broken.stdout).toMatch(/: 1 violations?\n$/)
    expect(broken.stderr).toContain(id)
    expect(broken.stderr).toMatch(/settled without enough money/)
    await world.gateway.start()
    await world.expectCleanState()
  })
})

describe('alone', () => {
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'quittance-cli-'))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  const run = (...args: string[]) => runToEnd({ args, cwd: folder })

  test('init writes a valid configuration, and never over an existing file', async () => {
    const path = join(folder, 'quittance.config.json')
    const made = await run('init')
    expect(made).toMatchObject({ code: 0, stderr: '' })
    expect(Object.keys(JSON.parse(readFileSync(path, 'utf8')).chains)).toEqual(['31337'])
    const doctor = await run('doctor')
    expect(doctor.stdout).toMatch(/^ok {5}configuration: valid\n/)
    expect(doctor.code).toBe(1) // no store and no node yet
    writeFileSync(path, '{"mine": true}')
    const refused = await run('init')
    expect(refused.code).toBe(1)
    expect(refused.stderr).toMatch(/exists already/)
    expect(readFileSync(path, 'utf8')).toBe('{"mine": true}')
    rmSync(path)
  })

  test('--help names every command; what is unknown is refused', async () => {
    const help = await run('--help')
    expect(help.code).toBe(0)
    for (const name of ['serve', 'init', 'doctor', 'check', 'audit', 'store', 'api-key', 'keys']) {
      expect(help.stdout).toMatch(new RegExp(`^ {2}${name}\\b`, 'm'))
    }
    const commands = ['serve', 'store create', 'keys new']
    const answers = commands.map(async (command) => {
      const { code, stdout } = await run(...command.split(' '), '--help')
      expect(code, command).toBe(0)
      expect(stdout, command).toContain('Usage:')
    })
    const unknown = [['bogus'], ['serve', '--bogus'], ['api-key', 'create']]
    const refusals = unknown.map(async (args) => {
      const { code, stderr } = await run(...args)
      expect(code, args.join(' ')).not.toBe(0)
      expect(stderr, args.join(' ')).toMatch(/error: /)
    })
    await Promise.all([...answers, ...refusals])
    const missing = await run('--config', 'nowhere.json', 'check')
    expect(missing.code).toBe(1)
    expect(missing.stderr).toMatch(/nowhere\.json does not exist/)
  })

  test('keys: what new prints is what xpub and address derive again', async () => {
    const key = deriveKey("m/44'/60'/0'")
    expect(key.publicExtendedKey).toBe(TEST_XPUB)
    const address = await run('keys', 'address', '--xpub', TEST_XPUB, '--index', '0')
    expect(address.code).toBe(0)
    expect(address.stdout).toContain('0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266')
  })
})
