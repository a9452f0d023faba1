import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test, vi } from 'vitest'
import { connectLocalChain } from '../../hardhat-local/src/local-chain.ts'
import { type StartAnvilOptions, startAnvil } from '../../hardhat-local/src/start-anvil.ts'

const START_ANVIL = fileURLToPath(
  new URL('../../hardhat-local/src/start-anvil.ts', import.meta.url),
)
const RECIPIENT = '0x00000000000000000000000000000000000beef1'

async function start(options?: StartAnvilOptions) {
  const node = await startAnvil(options)
  onTestFinished(() => node.stop())
  return { node, chain: connectLocalChain(node.url) }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

test('answers with the chain id asked for and stops, also twice or while paused', async () => {
  const { node, chain } = await start({ chainId: 4242 })
  expect(await chain.rpc('eth_chainId')).toBe('0x1092')
  node.pause()
  await node.stop()
  await node.stop()
  expect(isAlive(node.pid)).toBe(false)
})

test('an argument anvil refuses is an error that tells why', async () => {
  await expect(startAnvil({ args: ['--no-such-option'] })).rejects.toThrow(
    /did not start.*no-such-option/s,
  )
})

test('a taken port is refused', async () => {
  const { node } = await start()
  await expect(startAnvil({ port: node.port })).rejects.toThrow('EADDRINUSE')
})

test('mining automatically, each transaction has its block', async () => {
  const { chain } = await start({ mining: 'auto' })
  const hash = await chain.sendNative({ to: RECIPIENT, units: 1n })
  await vi.waitFor(async () => expect(await chain.receipt(hash)).not.toBeNull())
})

test('mining by the clock, blocks come by themselves', async () => {
  const { chain } = await start({ mining: { intervalS: 1 } })
  await vi.waitFor(async () => expect(await chain.blockNumber()).toBeGreaterThan(0), 5_000)
})

test('a paused node answers after it is resumed', async () => {
  const { node, chain } = await start()
  node.pause()
  const answer = chain.blockNumber()
  const pausedMs = 200
  const early = await Promise.race([
    answer,
    new Promise((resolve) => setTimeout(resolve, pausedMs, 'nothing yet')),
  ])
  expect(early).toBe('nothing yet')
  node.resume()
  expect(await answer).toBe(0)
})

test('a state file carries the chain over a restart, block hashes included', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'quittance-anvil-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  const stateFile = join(directory, 'state.json')
  const first = await start({ stateFile })
  const hash = await first.chain.sendNative({ to: RECIPIENT, units: 5n })
  await first.chain.mine(2)
  const before = await first.chain.receipt(hash)
  await first.node.stop()
  expect(existsSync(stateFile)).toBe(true)

  const second = await start({ stateFile })
  expect(await second.chain.blockNumber()).toBe(2)
  expect(await second.chain.nativeBalance(RECIPIENT)).toBe(5n)
  expect((await second.chain.receipt(hash))?.blockHash).toBe(before?.blockHash)
})

test.each([
  ['returns', ''],
  ['throws', 'setTimeout(() => { throw new Error("boom") })'],
  ['exits', 'process.exit(0)'],
  ['is killed', 'process.kill(process.pid, "SIGKILL")'],
])('the node ends with its parent, which %s', async (_, ending) => {
  const script = `
    const { startAnvil } = await import(${JSON.stringify(START_ANVIL)})
    const node = await startAnvil()
    process.stdout.write(String(node.pid), () => { ${ending} })`
  const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  let output = ''
  parent.stdout.on('data', (chunk) => {
    output += chunk
  })
  await once(parent, 'close')
  expect(output).toMatch(/^\d+$/)
  await vi.waitFor(() => expect(isAlive(Number(output))).toBe(false), 5_000)
})
