import { mnemonicToAccount } from 'viem/accounts'
import { beforeAll, describe, expect, test } from 'vitest'
import { runKeys, spawnKeys } from './run-keys.ts'

const WORDS = 'test test test test test test test test test test test junk'
const FOREIGN = '0x00000000219ab540356cBB839Cbe05303d7705Fa'

let xpub = ''
let xpub9 = ''

beforeAll(async () => {
  xpub = (await runKeys(['xpub'], { stdin: WORDS })).stdout.trim()
  xpub9 = (await runKeys(['xpub', '--account', '9'], { stdin: WORDS })).stdout.trim()
})

function addressAt(addressIndex: number, accountIndex = 0): string {
  return mnemonicToAccount(WORDS, { addressIndex, accountIndex }).address
}

describe('keys address', () => {
  test('prints checksum addresses with their paths', async () => {
    const run = await runKeys(['address', '--xpub', xpub, '--index', '7', '--count', '3'])
    const lines = [7, 8, 9].map((index) => `${addressAt(index)}  m/44'/60'/0'/0/${index}\n`)
    expect(run).toEqual({ code: 0, stdout: lines.join(''), stderr: '' })
  })

  test('names the account the xpub belongs to', async () => {
    const run = await runKeys(['address', '--xpub', xpub9, '--index', '0'])
    expect(run.stdout).toBe(`${addressAt(0, 9)}  m/44'/60'/9'/0/0\n`)
  })

  test('the last index is one', async () => {
    const last = await runKeys(['address', '--xpub', xpub, '--index', '2147483647'])
    expect(last.stdout).toBe(`${addressAt(2147483647)}  m/44'/60'/0'/0/2147483647\n`)
  })

  test.each([
    [['--index', '2147483648'], '--index'],
    [['--index', '-1'], '--index'],
    [['--index', '1e3'], '--index'],
    [['--index', '٣'], '--index'],
    [['--index', '0', '--count', '0'], '--count'],
    [['--index', '0', '--count', '10001'], '--count'],
    [['--index', '2147483647', '--count', '2'], '--count'],
  ])('refuses %j, naming %s', async (args, option) => {
    const run = await runKeys(['address', '--xpub', xpub, ...args])
    expect(run).toMatchObject({ code: 2, stdout: '' })
    expect(run.stderr).toMatch(new RegExp(`^error: ${option}: [^\n]+\n$`))
  })

  test('says which option is missing', async () => {
    const run = await runKeys(['address', '--index', '0'])
    expect(run).toMatchObject({ code: 2, stdout: '' })
    expect(run.stderr).toContain('--xpub')
  })
})

describe('SW-03 keys verify-address', () => {
  test.each([
    ['checksum form', (text: string) => text],
    ['lower case', (text: string) => text.toLowerCase()],
    ['upper case', (text: string) => `0x${text.slice(2).toUpperCase()}`],
  ])('finds the index of an own address in %s', async (_name, form) => {
    const run = await runKeys(['verify-address', form(addressAt(23)), '--xpub', xpub])
    const stdout = `${addressAt(23)} is yours: index 23, path m/44'/60'/0'/0/23\n`
    expect(run).toEqual({ code: 0, stdout, stderr: '' })
  })

  test('says no to a foreign address, with exit code 1', async () => {
    const run = await runKeys(['verify-address', FOREIGN, '--xpub', xpub, '--up-to', '50'])
    expect(run.code).toBe(1)
    expect(run.stdout).toBe(`${FOREIGN} is not among indexes 0 to 50 of this account key.\n`)
  })

  test('the bound is inclusive, and an address beyond it is not found', async () => {
    const args = ['verify-address', addressAt(5), '--xpub', xpub, '--up-to']
    expect((await runKeys([...args, '5'])).code).toBe(0)
    expect((await runKeys([...args, '4'])).code).toBe(1)
  })

  test('an address of another account is foreign', async () => {
    const args = ['verify-address', addressAt(0, 1), '--xpub', xpub, '--up-to', '20']
    expect((await runKeys(args)).code).toBe(1)
  })

  test('refuses a mixed-case address with a wrong checksum', async () => {
    const own = addressAt(0)
    const at = own.search(/[a-f]/)
    const wrong = `${own.slice(0, at)}${own.charAt(at).toUpperCase()}${own.slice(at + 1)}`
    const run = await runKeys(['verify-address', wrong, '--xpub', xpub])
    expect(run).toMatchObject({ code: 2, stdout: '' })
    expect(run.stderr).toContain('ADDRESS: the checksum is wrong')
  })

  test.each(['0x1234', 'vitalik.eth', `0x${'ab'.repeat(32)}`, 'ab'.repeat(20)])(
    'refuses %s as an address',
    async (text) => {
      const run = await runKeys(['verify-address', text, '--xpub', xpub])
      expect(run).toMatchObject({ code: 2, stdout: '' })
      expect(run.stderr).toBe('error: ADDRESS: takes 0x and 40 hex digits.\n')
    },
  )

  test('the exit codes are those of the process', async () => {
    const own = addressAt(1)
    const codes = await Promise.all([
      spawnKeys(['verify-address', own, '--xpub', xpub]),
      spawnKeys(['verify-address', FOREIGN, '--xpub', xpub, '--up-to', '3']),
      spawnKeys(['verify-address', 'x', '--xpub', xpub]),
    ])
    expect(codes.map((run) => run.code)).toEqual([0, 1, 2])
  })
})

describe('help', () => {
  test('shows every command and the exit codes', async () => {
    const run = await runKeys(['--help'])
    expect(run.code).toBe(0)
    for (const command of ['new', 'xpub', 'address', 'verify-address']) {
      expect(run.stdout).toContain(`quittance keys ${command}`)
    }
    expect(run.stdout).toContain('Exit codes: 0 yes or done, 1 not found, 2 bad input.')
  })

  test('no command at all is bad usage', async () => {
    const run = await runKeys([])
    expect(run).toMatchObject({ code: 2, stdout: '' })
    expect(run.stderr).toContain('Usage:')
  })
})
