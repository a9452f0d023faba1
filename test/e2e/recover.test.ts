/** The database is lost, the words are there: where is the money? */
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { type AccountKey, parseAccountKey } from '../../src/core/keys/deposit-address.ts'
import { deriveAddressRange } from '../../src/core/keys/derive-addresses.ts'
import { toChecksumAddress } from '../../src/core/money/asset.ts'
import { accountXpub } from '../support/account-keys.ts'
import { QUICK_START, TEST_MNEMONIC } from '../support/gateway-process.ts'
import { useLocalChain } from '../support/local-chain.ts'

// Several processes each, and thousands of addresses asked for.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 })

const LAUNCHER = fileURLToPath(new URL('../../src/entrypoints/cli/quittance.js', import.meta.url))
const PRELOAD = new URL('../keys/record-process.mjs', import.meta.url).href
const ACCOUNT = 9
const XPUB = accountXpub(ACCOUNT)
const account = (parseAccountKey(XPUB) as { key: AccountKey }).key
const NETWORK = /^node:(net|http|https|http2|tls|dgram|dns)/

const fixture = useLocalChain({ mining: 'manual' })
const folder = mkdtempSync(join(tmpdir(), 'quittance-recover-'))
const configPath = join(folder, 'quittance.config.json')
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Nothing but a configuration file: no database, no state, no xpub. */
function run(args: readonly string[], stdin = '', env: Record<string, string> = {}) {
  return new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) => {
    const child = spawn(process.execPath, [LAUNCHER, ...args], {
      cwd: folder,
      env: { PATH: process.env.PATH ?? '', ...QUICK_START, QUITTANCE_CONFIG: configPath, ...env },
    })
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (chunk) => {
      stdout += chunk
    })
    child.stderr.on('data', (chunk) => {
      stderr += chunk
    })
    child.once('close', (code) => resolve({ code, stdout, stderr }))
    child.stdin.end(stdin)
  })
}

/** 5,000 addresses: money at some, then 1,500 that nobody used, then money again up to the last. */
const COINS = [0, 1, 19, 250, 1_199, 2_700, 3_333]
const TOKENS = [1, 7, 640, 1_198, 2_701, 4_999]
let expected: [number, string][] = []

beforeAll(async () => {
  const { chain, node } = fixture
  const usdc = await chain.deployToken({ name: 'USD Coin', symbol: 'USDC', decimals: 6 })
  await chain.mine(1)
  const native = { symbol: 'ETH', decimals: 18 }
  const tokens = [{ address: usdc.address, symbol: 'USDC', decimals: 6 }]
  const local = { name: 'Local', rpc: [node.url], test: true, native, tokens }
  writeFileSync(
    configPath,
    JSON.stringify({ chains: { '31337': { ...local, finality: [{ confirmations: 5 }] } } }),
  )
  const indexes = [...new Set([...COINS, ...TOKENS])].toSorted((a, b) => a - b)
  const addresses = deriveAddressRange(account, indexes)
  for (const [i, address] of addresses.entries()) {
    const index = indexes[i] as number
    if (COINS.includes(index)) await chain.setBalance(address, 10n ** 15n)
    if (TOKENS.includes(index)) await chain.mint(usdc.address, address, 1_500_000n)
  }
  await chain.mine(1)
  expected = indexes.map((index, i) => [index, toChecksumAddress(addresses[i] as `0x${string}`)])
})

describe('keys recover', () => {
  test('SW-14 the words alone find every address with money, past 1,500 unused ones', async () => {
    const args = ['keys', 'recover', '--gap', '2000', '--json', '--account', String(ACCOUNT)]
    const found = await run(args, TEST_MNEMONIC)
    expect(found.code).toBe(0)
    expect(readdirSync(folder)).toEqual(['quittance.config.json'])
    const report = JSON.parse(found.stdout)
    expect(report).toMatchObject({ scanned: 7_000, last_used_index: 4_999, account: ACCOUNT })
    expect(report.found.map(({ index, address }: any) => [index, address])).toEqual(expected)
    expect(report.found[1]).toMatchObject({
      path: `m/44'/60'/${ACCOUNT}'/0/1`,
      balances: [
        { symbol: 'ETH', amount: '0.001' },
        { symbol: 'USDC', amount: '1.5' },
      ],
    })
    expect(report.totals.map(({ symbol, amount }: any) => `${amount} ${symbol}`)).toEqual([
      '0.007 ETH',
      '9 USDC',
    ])
  })

  test('SW-14 a gap that is too small finds what comes before it, by the xpub as by words', async () => {
    const found = await run(['recover', '--xpub', XPUB, '--gap', '1000'])
    expect(found.code).toBe(0)
    const lines = found.stdout.trim().split('\n')
    const before = expected.filter(([index]) => index < 1_500)
    expect(lines.slice(0, -3).map((line) => line.split('  ')[2])).toEqual(
      before.map(([, address]) => address),
    )
    expect(lines.at(-1)).toBe('8 addresses with money among 2200; last used index 1199')
  })

  test('SW-07 SW-14 the process that reads words has no network, the other reads none', async () => {
    const env = { NODE_OPTIONS: `--import ${PRELOAD}` }
    const args = ['keys', 'recover', '--gap', '5', '--account', String(ACCOUNT)]
    const words = await run(args, TEST_MNEMONIC, env)
    expect(words.code).toBe(0)
    type Note = { args: string[]; readBytes: number; modules: string[] }
    const all = words.stderr
      .split('\n')
      .filter((line) => line.startsWith('NOTE '))
      .map((line) => JSON.parse(line.slice('NOTE '.length)) as Note)
    expect(all).toHaveLength(3)
    const readers = all.filter(({ readBytes }) => readBytes > 0)
    expect(readers).toHaveLength(1)
    expect(readers[0]?.args).toContain('xpub')
    const reach = ({ modules }: { modules: string[] }) =>
      modules.filter((url) => NETWORK.test(url) || url.includes('/src/adapters/'))
    expect(readers.flatMap(reach)).toEqual([])
    // The record sees a network where there is one.
    expect(all.filter((one) => reach(one).length > 0).map(({ args }) => args[1])).toEqual([
      'recover',
    ])
    expect(`${words.stdout}${words.stderr}`).not.toContain('junk')
  })

  test('nothing there is exit code 1; what cannot be right is 2', async () => {
    const nothing = await run(['recover', '--xpub', accountXpub(ACCOUNT + 1), '--gap', '10'])
    expect(nothing).toMatchObject({ code: 1 })
    expect(nothing.stdout).toContain('0 addresses with money among 10; none was ever used')
    expect(await run(['recover', '--xpub', XPUB, '--gap', '0'])).toMatchObject({ code: 2 })
    expect(await run(['recover'])).toMatchObject({ code: 2, stdout: '' })
    expect(await run(['keys', 'recover'], 'not my words')).toMatchObject({ code: 2, stdout: '' })
    const typed = await run(['keys', 'recover', ...TEST_MNEMONIC.split(' ')])
    expect(typed).toMatchObject({ code: 2, stdout: '' })
    expect(typed.stderr).not.toContain('junk')
  })
})
