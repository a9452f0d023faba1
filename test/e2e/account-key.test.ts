/** The account key: another one is noticed, and nothing but a public one is taken. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { HDKey } from '@scure/bip32'
import { mnemonicToSeedSync } from 'bip39'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { accountXpub } from '../support/account-keys.ts'
import { TEST_XPUB, waitFor } from '../support/gateway-process.ts'
import { K, usePaymentWorld } from '../support/payment-world.ts'
import { readAudit } from '../support/read-audit.ts'
import { filesHolding, runToEnd, spawnTool, type ToolRun } from '../support/tool-process.ts'
import { idOf, registerEndpoint } from '../support/webhook-endpoints.ts'

// Each start is a process of its own: about a second on an idle machine.
vi.setConfig({ testTimeout: 60_000 })

describe('SW-04 another account key', () => {
  const OTHER_XPUB = accountXpub(6)
  const world = usePaymentWorld({ env: { QUITTANCE_XPUB: accountXpub(5) } })
  let running: ToolRun | null = null
  afterAll(() => void running?.child.kill('SIGKILL'))

  const environment = () => {
    const { gateway, receiver } = world
    return {
      QUITTANCE_CONFIG: gateway.configPath,
      QUITTANCE_XPUB: OTHER_XPUB,
      QUITTANCE_API_KEY: gateway.apiKey,
      QUITTANCE_PORT: new URL(gateway.url).port,
      QUITTANCE_WEBHOOK_ALLOWED_HOSTS: `127.0.0.1:${receiver.port}`,
      QUITTANCE_WEBHOOK_SCHEDULE: '1s,1s,1s',
    }
  }
  const serve = (...args: string[]) => ({
    args: ['serve', ...args],
    cwd: world.gateway.folder,
    env: environment(),
  })

  const pay = async (invoice: any) => {
    const option = invoice.payment_options.find(({ asset }: any) => asset === world.usdc.asset)
    const units = BigInt(option.amount_due_units)
    await world.chain.sendToken({ token: world.usdc.address, to: invoice.address, units })
    await world.mine(K)
    return world.waitForStatus(invoice.id, 'settled')
  }

  test('SW-04 is refused; accepted, a new epoch begins and old addresses stay watched', async () => {
    const { gateway } = world
    await registerEndpoint(gateway, world.receiver, '/hook')
    const old = await world.createInvoice()
    const first = await world.createInvoice()
    expect(await gateway.stop()).toBe(0)

    const refused = await runToEnd(serve())
    expect(refused.code).toBe(1)
    expect(refused.output.trim().split('\n')).toHaveLength(1)
    expect(refused.stderr).toMatch(/not the account key .* --accept-new-xpub/)
    expect(refused.output).not.toContain(OTHER_XPUB)

    running = spawnTool(serve('--accept-new-xpub'))
    await waitReady()
    const fresh = await world.createInvoice()
    expect(fresh.derivation_path).toBe("m/44'/60'/6'/0/0")
    await expectAddressOf(OTHER_XPUB, fresh.address)
    await expectAddressOf(accountXpub(5), old.address)
    const settled = [await pay(old), await pay(fresh)]
    expect(settled[0].derivation_path).toBe("m/44'/60'/5'/0/0")
    for (const { id } of settled) {
      const told = (await world.eventsOf(id)).map((event) => event.id)
      await world.receiver.waitFor(
        (requests) => told.every((one) => requests.some((request) => idOf(request) === one)),
        5_000,
      )
    }

    const [change, ...more] = (await readAudit(gateway)).filter(
      ({ action }) => action === 'store.new_xpub',
    )
    expect(more).toEqual([])
    expect(change).toMatchObject({ actor: 'operator', target: old.store })
    expect(change?.before).not.toBe(change?.after)
    expect(running.stdout()).toMatch(/a new account key was accepted/)
    running.child.kill('SIGTERM')
    expect(await running.exited).toBe(0)

    // From now on the new key is the known one, and the old one is the foreign one.
    running = spawnTool(serve())
    await waitReady()
    expect((await pay(first)).address).toBe(first.address)
    await world.expectCleanState()
    running.child.kill('SIGTERM')
    expect(await running.exited).toBe(0)
    const oldKey = { ...environment(), QUITTANCE_XPUB: accountXpub(5) }
    const back = await runToEnd({ ...serve(), env: oldKey })
    expect(back.code).toBe(1)
    expect(back.stderr).toMatch(/not the account key/)
  })

  function waitReady(): Promise<void> {
    return waitFor(
      'the gateway to be ready',
      async () => {
        expect(running?.child.exitCode, running?.stderr()).toBe(null)
        return (await fetch(`${world.gateway.url}/readyz`).catch(() => null))?.status === 200
      },
      20_000,
    )
  }

  async function expectAddressOf(xpub: string, address: string): Promise<void> {
    const args = ['keys', 'verify-address', '--xpub', xpub, address]
    expect((await world.gateway.run(...args)).code).toBe(0)
  }
})

const MNEMONIC = 'legal winner thank year wave sausage worth useful legal winner thank yellow'
const VERSIONS = {
  ypub: { public: 0x049d7cb2, private: 0x049d7878 },
  zpub: { public: 0x04b24746, private: 0x04b2430c },
  tpub: { public: 0x043587cf, private: 0x04358394 },
}
const ACCOUNT = "m/44'/60'/0'"

const derive = (path: string, versions?: { public: number; private: number }): HDKey =>
  HDKey.fromMasterSeed(mnemonicToSeedSync(MNEMONIC), versions).derive(path)

const account = derive(ACCOUNT)
const XPRV = account.privateExtendedKey
const HEX_KEY = Buffer.from(account.privateKey as Uint8Array).toString('hex')
const lastChanged = (text: string) => text.slice(0, -1) + (text.endsWith('A') ? 'B' : 'A')

/** What somebody may paste where the account key belongs. */
const WRONG_KEYS: Readonly<Record<string, string>> = {
  'an account xprv': XPRV,
  'a master xprv': derive('m').privateExtendedKey,
  'a mnemonic': MNEMONIC,
  '64 hex digits': HEX_KEY,
  '64 hex digits with 0x': `0x${HEX_KEY}`,
  'a ypub': derive(ACCOUNT, VERSIONS.ypub).publicExtendedKey,
  'a zpub': derive(ACCOUNT, VERSIONS.zpub).publicExtendedKey,
  'a zprv': derive(ACCOUNT, VERSIONS.zpub).privateExtendedKey,
  'a testnet tpub': derive(ACCOUNT, VERSIONS.tpub).publicExtendedKey,
  'a wrong checksum': lastChanged(account.publicExtendedKey),
  'depth 0': derive('m').publicExtendedKey,
  'depth 2': derive("m/44'/60'").publicExtendedKey,
  'depth 4': derive(`${ACCOUNT}/0`).publicExtendedKey,
}

/** Characters of a secret in a row that would already be too many. */
const WINDOW = 12

function holdsPartOf(text: string, secret: string): boolean {
  return Array.from({ length: secret.length - WINDOW + 1 }, (_, i) =>
    secret.slice(i, i + WINDOW),
  ).some((part) => text.includes(part))
}

describe('SW-05 a server is never given a secret', () => {
  let folder: string
  let count = 0
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'quittance-sw05-'))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  type Given = { env?: Record<string, string>; file?: object; args?: readonly string[] }

  /** Starts in a folder of its own, and asserts that nothing of the secret is anywhere. */
  async function expectRefusal(secret: string, given: Given): Promise<void> {
    const cwd = join(folder, String(count++))
    mkdirSync(cwd)
    const config = join(folder, `${count}.config.json`)
    const { env = {}, file = {}, args = ['serve'] } = given
    writeFileSync(config, JSON.stringify({ database: `sqlite:${cwd}/data/quittance.db`, ...file }))
    const result = await runToEnd({ args, cwd, env: { QUITTANCE_CONFIG: config, ...env } })
    expect(result.code, result.output).toBe(1)
    expect(result.stderr).toMatch(/^quittance: /)
    expect(holdsPartOf(result.output, secret), result.output).toBe(false)
    expect(filesHolding(cwd, secret)).toEqual([])
    expect(filesHolding(cwd, secret.slice(-30))).toEqual([])
  }

  const kinds = Object.entries(WRONG_KEYS)

  test.each(kinds)('SW-05 %s, by variable and by file', async (_kind, text) => {
    await Promise.all([
      expectRefusal(text, { env: { QUITTANCE_XPUB: text } }),
      expectRefusal(text, { file: { xpub: text } }),
    ])
  })

  test('SW-05 secrets in any other variable', async () => {
    const given: [string, Record<string, string>][] = [
      [XPRV, { QUITTANCE_API_KEY: XPRV }],
      [XPRV, { QUITTANCE_SECRET_KEY: XPRV }],
      [MNEMONIC, { QUITTANCE_MNEMONIC: MNEMONIC }],
      [MNEMONIC, { QUITTANCE_SECRET_KEY: MNEMONIC }],
      [HEX_KEY, { QUITTANCE_PRIVATE_KEY: HEX_KEY }],
      [XPRV, { [`QUITTANCE_${XPRV}`]: '1' }],
    ]
    for (const [secret, env] of given) {
      await expectRefusal(secret, { env: { QUITTANCE_XPUB: TEST_XPUB, ...env } })
    }
  })

  test('SW-05 secrets in any other field of the file', async () => {
    const chain = { rpc: ['http://127.0.0.1:8545'], test: true, finality: [{ confirmations: 1 }] }
    const native = { symbol: 'ETH', decimals: 18 }
    const given: [string, object][] = [
      [MNEMONIC, { mnemonic: MNEMONIC }],
      [MNEMONIC, { words: MNEMONIC.split(' ') }],
      [XPRV, { state_dir: XPRV }],
      [XPRV, { chains: { '31337': { ...chain, name: XPRV, native } } }],
      [
        HEX_KEY,
        { chains: { '31337': { ...chain, name: 'Local', native, own_senders: [HEX_KEY] } } },
      ],
      [HEX_KEY, { [HEX_KEY]: true }],
    ]
    for (const [secret, file] of given) {
      await expectRefusal(secret, { env: { QUITTANCE_XPUB: TEST_XPUB }, file })
    }
  })

  test('SW-05 secrets for a store of the command line', async () => {
    for (const secret of [XPRV, MNEMONIC, HEX_KEY]) {
      const args = ['store', 'create', '--name', 'Shop', '--xpub', secret]
      await expectRefusal(secret, { args })
    }
  })
})
