import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { connectHardhatChain } from '../../hardhat-local/src/hardhat-chain.ts'
import { installHardhat } from '../../hardhat-local/src/install-hardhat.ts'
import {
  type StartHardhatNodeOptions,
  startHardhatNode,
} from '../../hardhat-local/src/start-hardhat-node.ts'

const START = fileURLToPath(
  new URL('../../hardhat-local/src/start-hardhat-node.ts', import.meta.url),
)
const RECIPIENT = '0x00000000000000000000000000000000000beef1'
const INSTALL_TIMEOUT_MS = 120_000

beforeAll(installHardhat, INSTALL_TIMEOUT_MS)

async function start(options?: StartHardhatNodeOptions) {
  const node = await startHardhatNode(options)
  onTestFinished(() => node.stop())
  return { node, chain: connectHardhatChain(node.url) }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

test('mines when told, every block linked to the one before', async () => {
  const { chain } = await start({ chainId: 4242 })
  expect(await chain.rpc('eth_chainId')).toBe('0x1092')
  const hash = await chain.sendNative({ to: RECIPIENT, units: 5n })
  expect(await chain.receipt(hash)).toBeNull()
  await chain.mine(50)
  expect(await chain.blockNumber()).toBe(50)
  expect(await chain.nativeBalance(RECIPIENT)).toBe(5n)
  let parent: string | null = null
  for (let number = 0; number <= 50; number += 1) {
    const block = await chain.rpc<{ hash: string; parentHash: string }>('eth_getBlockByNumber', [
      `0x${number.toString(16)}`,
      false,
    ])
    if (parent !== null) expect(block.parentHash).toBe(parent)
    parent = block.hash
  }
})

test('a reorg takes blocks and transactions back and places others', async () => {
  const { chain } = await start()
  await chain.mine(3)
  const lost = await chain.sendNative({ to: RECIPIENT, units: 1n })
  const kept = await chain.sendNative({ to: RECIPIENT, units: 2n, from: chain.accounts[2]! })
  await chain.mine(2)
  const raw = await chain.rawTransaction(kept)
  const before = await chain.rpc<{ hash: string }>('eth_getBlockByNumber', ['0x4', false])
  await chain.reorg({ depth: 2, transactions: [[raw, 1]] })
  const after = await chain.rpc<{ hash: string }>('eth_getBlockByNumber', ['0x4', false])
  expect(after.hash).not.toBe(before.hash)
  expect(await chain.blockNumber()).toBe(5)
  expect(await chain.receipt(lost)).toBeNull()
  expect((await chain.receipt(kept))?.blockNumber).toBe('0x5')
  expect(await chain.nativeBalance(RECIPIENT)).toBe(2n)
  // What was lost does not come back by itself.
  await chain.mine(2)
  expect(await chain.receipt(lost)).toBeNull()
  await expect(chain.reorg({ depth: 100 })).rejects.toThrow('no snapshot was taken at block')
})

test('mining automatically, each transaction has its block', async () => {
  const { chain } = await start({ mining: 'auto' })
  const hash = await chain.sendNative({ to: RECIPIENT, units: 1n })
  await vi.waitFor(async () => expect(await chain.receipt(hash)).not.toBeNull())
})

test('stops, also twice or while paused', async () => {
  const { node } = await start()
  node.pause()
  await node.stop()
  await node.stop()
  expect(isAlive(node.pid)).toBe(false)
})

test('the node ends with its parent, also when that is killed', async () => {
  const script = `
    const { startHardhatNode } = await import(${JSON.stringify(START)})
    const node = await startHardhatNode()
    process.stdout.write(String(node.pid), () => process.kill(process.pid, 'SIGKILL'))`
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
