/** The client as a shop installs it: built, under node_modules, on the oldest Node it says it runs on. */
import { execFile } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { accountXpub } from '../support/account-keys.ts'
import { type HttpHarness, INVOICE, startHttpHarness } from '../support/http-harness.ts'

const run = promisify(execFile)
const ROOT = join(import.meta.dirname, '../..')
const LIBRARIES = ['@noble/curves', '@noble/hashes', '@scure/bip32', '@scure/base']
/** A Node of the machine beside the one of the project, where there is one. */
const OLDER_NODE = '/usr/bin/node'

const PROGRAM = `
import { createQuittanceClient, QuittanceError, verifyInvoice } from 'quittance/client'
const [url, apiKey, xpub] = process.argv.slice(2)
const quittance = createQuittanceClient({ url, apiKey })
const invoice = await quittance.createInvoice(${JSON.stringify(INVOICE)}, { idempotencyKey: 'built' })
const failure = await quittance.getInvoice('inv_' + '0'.repeat(26)).catch((error) => error)
const isTyped = failure instanceof QuittanceError && failure.code === 'not_found'
console.log(JSON.stringify({ address: verifyInvoice(invoice, xpub) === invoice.address, isTyped }))
`

const TYPED = `
import { createQuittanceClient, type Invoice, verifyWebhook } from 'quittance/client'
const quittance = createQuittanceClient({ url: 'https://pay.example', apiKey: 'qk_' })
export const made: Promise<Invoice> = quittance.createInvoice({ price: { amount: '1', currency: 'USD' } })
const event = verifyWebhook({ body: '', headers: {}, secret: 'whsec_' })
if (event.type === 'payment.detected') { const position: 'included' | 'confirmed' | 'orphaned' = event.data.position; void position }
`

describe('the built package', () => {
  let gateway: HttpHarness
  let folder: string
  beforeAll(async () => {
    gateway = await startHttpHarness()
    folder = mkdtempSync(join(tmpdir(), 'quittance-client-'))
    const modules = join(folder, 'node_modules')
    await run(process.execPath, ['scripts/build-client.ts', join(modules, 'quittance')], {
      cwd: ROOT,
    })
    for (const name of LIBRARIES) {
      mkdirSync(join(modules, name, '..'), { recursive: true })
      symlinkSync(join(ROOT, 'node_modules', name), join(modules, name))
    }
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
    writeFileSync(join(folder, 'shop.js'), PROGRAM)
  })
  afterAll(async () => {
    rmSync(folder, { recursive: true })
    await gateway.server.close()
  })

  const runShop = async (node: string) => {
    const args = [join(folder, 'shop.js'), gateway.url, gateway.adminKey, accountXpub(0)]
    return JSON.parse((await run(node, args)).stdout)
  }

  test('is plain JavaScript with its three libraries, and nothing of the gateway', () => {
    const about = JSON.parse(
      readFileSync(join(folder, 'node_modules/quittance/package.json'), 'utf8'),
    )
    expect(about.exports).toEqual({
      './client': {
        types: './client/quittance-client.d.ts',
        default: './client/quittance-client.js',
      },
    })
    expect(Object.keys(about.dependencies)).toEqual([
      '@noble/curves',
      '@noble/hashes',
      '@scure/bip32',
    ])
    expect(existsSync(join(folder, 'node_modules/quittance/gateway.js'))).toBe(false)
  })

  test('makes and verifies an invoice on the Node of the project', async () => {
    expect(await runShop(process.execPath)).toEqual({ address: true, isTyped: true })
  })

  test.skipIf(!existsSync(OLDER_NODE))("and on the machine's own Node", async () => {
    expect(await runShop(OLDER_NODE)).toEqual({ address: true, isTyped: true })
  })

  test('brings types that a strict project accepts', async () => {
    writeFileSync(join(folder, 'shop.ts'), TYPED)
    const types = ['--types', 'node', '--typeRoots', join(ROOT, 'node_modules/@types')]
    const strict = [
      '--ignoreConfig',
      '--noEmit',
      '--strict',
      '--module',
      'nodenext',
      '--target',
      'es2022',
      '--lib',
      'es2022',
    ]
    await expect(run('tsc', [...strict, ...types, join(folder, 'shop.ts')])).resolves.toMatchObject(
      { stdout: '' },
    )
    writeFileSync(join(folder, 'shop.ts'), TYPED.replace("amount: '1'", 'amount: 1'))
    await expect(run('tsc', [...strict, ...types, join(folder, 'shop.ts')])).rejects.toMatchObject({
      stdout: expect.stringContaining("Type 'number' is not assignable to type 'string'"),
    })
  })

  test('from a checkout the same name leads to the source', async () => {
    const own = await import('quittance/client')
    expect(typeof own.createQuittanceClient).toBe('function')
  })
})
