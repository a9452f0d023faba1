/** SW-18: the package that is published, as its receiver finds it. */
import { execFile, spawn, spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findFreePort } from '../../hardhat-local/src/find-free-port.ts'
import { guardAgainstOrphan } from '../../hardhat-local/src/guard-against-orphan.ts'
import { readLock, readManifest, runtimePackages } from '../../scripts/package/runtime-lock.ts'
import type { Sbom } from '../../scripts/package/sbom.ts'
import { ROOT } from '../../scripts/run-command.ts'
import { SERVER_FLAGS, TEST_MNEMONIC, TEST_XPUB, waitFor } from '../support/gateway-process.ts'
import { INVOICE, startHttpHarness } from '../support/http-harness.ts'

const folder = mkdtempSync(join(tmpdir(), 'quittance-package-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const manifest = readManifest()
const FILE = `${manifest.name}-${manifest.version}`
const packages = runtimePackages(readLock(), manifest)

/** A build by another person: other folder, other rights of new files, other time zone. */
function build(name: string, umask: string, zone: string): string {
  const out = join(folder, name)
  const script = `umask ${umask} && exec "$0" scripts/package.ts "${out}"`
  const env = { ...process.env, TZ: zone }
  const run = spawnSync('sh', ['-c', script, process.execPath], {
    cwd: ROOT,
    env,
    encoding: 'utf8',
  })
  expect(run.status, run.stderr).toBe(0)
  return out
}

let first = ''
beforeAll(() => {
  first = build('first', '022', 'UTC')
}, 120_000)

describe('SW-18 the published package', () => {
  test('two clean builds have the same bytes', () => {
    const second = build('second', '077', 'Asia/Kathmandu')
    for (const name of [`${FILE}.tgz`, `${FILE}.cdx.json`]) {
      const [one, other] = [first, second].map((out) => readFileSync(join(out, name)))
      expect(one?.equals(other as Buffer), name).toBe(true)
    }
  }, 120_000)

  test('its bill of materials lists every package that runs, with version and hash', () => {
    const { components } = JSON.parse(readFileSync(join(first, `${FILE}.cdx.json`), 'utf8')) as Sbom
    const listed = components.map(({ name, version, hashes = [] }) => {
      const [hash] = hashes.filter(({ alg }) => alg === 'SHA-512')
      return [name, version, Buffer.from(hash?.content ?? '', 'hex').toString('base64')].join(' ')
    })
    const expected = packages.map(([path, { version, integrity }]) => {
      const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)
      return [name, version, integrity?.replace('sha512-', '')].join(' ')
    })
    expect(listed.sort()).toEqual(expected.sort())
    expect(components.map(({ name }) => name)).toEqual(
      expect.arrayContaining([...Object.keys(manifest.dependencies), 'qs', '@scure/base']),
    )
    expect(components.map(({ name }) => name)).not.toContain('vitest')
  })

  test('brings the lock of what was tested, and nothing of development', () => {
    const inside = (name: string) => JSON.parse(readFileSync(join(first, 'package', name), 'utf8'))
    const lock = inside('npm-shrinkwrap.json')
    const { '': _own, ...rest } = lock.packages
    expect(rest).toEqual(Object.fromEntries(packages))
    const published = inside('package.json')
    expect(Object.keys(published)).not.toEqual(expect.arrayContaining(['scripts']))
    expect(published.devDependencies).toBeUndefined()
    const list = spawnSync('tar', ['-tzf', join(first, `${FILE}.tgz`)], { encoding: 'utf8' }).stdout
    const files = list.trim().split('\n')
    expect(files).toContain('package/dist/main.js')
    const sources = files.filter((path) => /(?<!\.d)\.ts$|\/(test|bench|scripts)\//.test(path))
    expect(sources).toEqual([])
  })
})

describe('SW-18 the package, installed', () => {
  const home = join(folder, 'home')
  const at = join(home, 'node_modules', 'quittance')
  const launcher = join(at, 'dist', 'entrypoints', 'cli', 'quittance.js')

  beforeAll(() => {
    mkdirSync(at, { recursive: true })
    const archive = join(first, `${FILE}.tgz`)
    const unpacked = spawnSync('tar', ['-xzf', archive, '-C', at, '--strip-components=1'])
    expect(unpacked.status).toBe(0)
    // As npm would put them there; the registry is not asked.
    for (const [path, entry] of packages) {
      if (entry.optional === true || !existsSync(join(ROOT, path))) continue
      cpSync(join(ROOT, path), join(home, path), { recursive: true })
    }
  }, 120_000)

  const run = (args: readonly string[], input = '') =>
    spawnSync(process.execPath, [launcher, ...args], { cwd: home, input, encoding: 'utf8' })

  test('the tool answers', () => {
    expect(run(['--version']).stdout).toBe(`${manifest.version}\n`)
    expect(run(['serve', '--role', 'cashier']).status).toBe(1)
  })

  test('the keys tool works behind its permissions', () => {
    const { stdout, stderr, status } = run(['keys', 'xpub'], TEST_MNEMONIC)
    expect([status, stdout], stderr).toEqual([0, `${TEST_XPUB}\n`])
  })

  test('the gateway starts, serves its pages, and stops', async () => {
    const port = await findFreePort()
    const env = {
      PATH: process.env.PATH ?? '',
      QUITTANCE_PORT: String(port),
      QUITTANCE_XPUB: TEST_XPUB,
      QUITTANCE_DATABASE: `sqlite:${join(home, 'data', 'quittance.db')}`,
    }
    const args = [...SERVER_FLAGS, launcher, 'serve']
    const child = spawn(process.execPath, args, { cwd: home, env, stdio: 'ignore' })
    const release = guardAgainstOrphan(child)
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.once('exit', release)
    const ask = (path: string) => fetch(`http://127.0.0.1:${port}${path}`)
    await waitFor(
      'the gateway',
      () =>
        ask('/healthz').then(
          ({ ok }) => ok,
          () => false,
        ),
      30_000,
    )
    const statuses = await Promise.all(
      ['/openapi.json', '/docs', '/assets/docs.css', '/assets/embed.js'].map(
        async (path) => (await ask(path)).status,
      ),
    )
    expect(statuses).toEqual([200, 200, 200, 200])
    const ready = await ask('/readyz')
    expect(await ready.text()).toContain('not_configured')
    child.kill('SIGTERM')
    expect(await ended).toBe(0)
  })

  describe('quittance/client', () => {
    /** What a shop does with it: JavaScript and types, from outside the project. */
    const SHOP = `
      import { createQuittanceClient, QuittanceError, verifyInvoice } from 'quittance/client'
      const [url, apiKey, xpub] = process.argv.slice(2)
      const quittance = createQuittanceClient({ url, apiKey })
      const invoice = await quittance.createInvoice(${JSON.stringify(INVOICE)})
      const failure = await quittance.getInvoice('inv_' + '0'.repeat(26)).catch((error) => error)
      const isTyped = failure instanceof QuittanceError && failure.code === 'not_found'
      console.log(JSON.stringify({ isOurs: verifyInvoice(invoice, xpub) === invoice.address, isTyped }))
    `
    const TYPED_SHOP = `
      import { createQuittanceClient, type Invoice, verifyWebhook } from 'quittance/client'
      const quittance = createQuittanceClient({ url: 'https://pay.example', apiKey: 'qk_' })
      const price = { amount: '1', currency: 'USD' }
      export const made: Promise<Invoice> = quittance.createInvoice({ price })
      const event = verifyWebhook({ body: '', headers: {}, secret: 'whsec_' })
      export const position: string = event.type === 'payment.detected' ? event.data.position : ''
    `
    /** A Node of the machine, beside the one of the project. */
    const OTHER_NODE = '/usr/bin/node'

    async function runShop(node: string): Promise<unknown> {
      writeFileSync(join(home, 'shop.mjs'), SHOP)
      const gateway = await startHttpHarness()
      try {
        const args = [join(home, 'shop.mjs'), gateway.url, gateway.adminKey, TEST_XPUB]
        const { stdout } = await promisify(execFile)(node, args)
        return JSON.parse(stdout)
      } finally {
        await gateway.server.close()
      }
    }

    test('makes an invoice and derives its address again', async () => {
      expect(await runShop(process.execPath)).toEqual({ isOurs: true, isTyped: true })
    })

    test.skipIf(!existsSync(OTHER_NODE))("on the machine's own Node, too", async () => {
      expect(await runShop(OTHER_NODE)).toEqual({ isOurs: true, isTyped: true })
    })

    test('brings types that a strict project accepts, and that find a mistake', () => {
      const check = (text: string) => {
        writeFileSync(join(home, 'shop.mts'), text)
        const options = ['--noEmit', '--strict', '--ignoreConfig', '--module', 'nodenext']
        const types = ['--types', 'node', '--typeRoots', join(ROOT, 'node_modules', '@types')]
        const target = ['--target', 'es2022', '--lib', 'es2022', join(home, 'shop.mts')]
        return spawnSync('tsc', [...options, ...types, ...target], { encoding: 'utf8' }).stdout
      }
      expect(check(TYPED_SHOP)).toBe('')
      const mistaken = TYPED_SHOP.replace("amount: '1'", 'amount: 1')
      expect(check(mistaken)).toContain("'number' is not assignable to type 'string'")
    })
  })
})
