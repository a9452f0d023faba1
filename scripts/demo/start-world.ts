/** Everything the demo needs, for real: a chain with tokens, the gateway's process, the shop. */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Shop, startShop } from '../../examples/shop/shop.ts'
import { findFreePort } from '../../hardhat-local/src/find-free-port.ts'
import { connectLocalChain, type LocalChain } from '../../hardhat-local/src/local-chain.ts'
import { startAnvil } from '../../hardhat-local/src/start-anvil.ts'
import { ROOT } from '../run-command.ts'
import { merchantWallet, payRefund } from './merchant-wallet.ts'
import { createThrowawayAccount } from './throwaway-account.ts'

export type World = {
  chain: LocalChain
  /** Where a payment lands that was sent on the wrong chain; null unless asked for. */
  secondChain: LocalChain | null
  usdc: `0x${string}`
  gatewayUrl: string
  apiKey: string
  shop: Shop
  folder: string
  stop(): Promise<void>
}

/** Confirmations the demo's chain asks for. */
export const CONFIRMATIONS = 5
/** Blocks at the start, so that a deep reorg has something to replace. */
const EARLY_BLOCKS = 20
const READY_DEADLINE_MS = 20_000
const READY_POLL_MS = 50
const MINT_UNITS = 10n ** 30n
const SECOND_CHAIN_ID = 31_338

type Closers = (() => Promise<void> | void)[]

type StartedChain = {
  readonly chain: LocalChain
  readonly usdc: `0x${string}`
  readonly dai: `0x${string}`
}

export async function startWorld(options: {
  /** Seconds between blocks; null mines only when told. */
  blockTimeS: number | null
  /** A second chain with a USDC of its own; takes a second to start. */
  withSecondChain?: boolean
  ports: { chain?: number; gateway?: number; shop?: number }
}): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'quittance-demo-'))
  const closers: Closers = [() => rmSync(folder, { recursive: true })]
  const stop = async () => {
    for (const close of closers.splice(0).reverse()) await close()
  }
  try {
    const { blockTimeS } = options
    const starts = [startChain(closers, { port: options.ports.chain ?? 0, blockTimeS })]
    if (options.withSecondChain === true) {
      starts.push(startChain(closers, { port: 0, blockTimeS, chainId: SECOND_CHAIN_ID }))
    }
    const [first, second] = await startAll(starts)
    if (first === undefined) throw new Error('no chain was started')
    const port = await findFreePort(options.ports.gateway)
    const gatewayUrl = `http://127.0.0.1:${port}`
    const shopPort = await findFreePort(options.ports.shop)
    const { xpub } = createThrowawayAccount()
    const apiKey = `qk_${randomBytes(24).toString('hex')}`
    writeFileSync(
      join(folder, 'quittance.config.json'),
      JSON.stringify(
        describeConfig({ 31337: first, ...(second && { [SECOND_CHAIN_ID]: second }) }),
      ),
    )
    const gateway = startGatewayProcess(folder, {
      QUITTANCE_XPUB: xpub,
      QUITTANCE_API_KEY: apiKey,
      QUITTANCE_PORT: String(port),
      QUITTANCE_LOG_LEVEL: process.env.QUITTANCE_LOG_LEVEL ?? 'warn',
      QUITTANCE_WEBHOOK_ALLOWED_HOSTS: `127.0.0.1:${shopPort}`,
      QUITTANCE_WEBHOOK_SCHEDULE: '1s,2s,5s,10s',
    })
    closers.push(() => stopProcess(gateway))
    await waitUntilReady(gatewayUrl, gateway)
    const shop = await startShop({ gatewayUrl, apiKey, xpub, port: shopPort })
    closers.push(() => shop.close())
    const { chain, usdc } = first
    // Whoever runs the shop: what it asks to give back is paid.
    shop.onEvent((event) => void payRefund(chain, event))
    const secondChain = second?.chain ?? null
    return { chain, secondChain, usdc, gatewayUrl, apiKey, shop, folder, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** A chain of its own with two tokens, of which the accounts that pay have plenty. */
async function startChain(
  closers: Closers,
  { blockTimeS, ...options }: { port: number; blockTimeS: number | null; chainId?: number },
): Promise<StartedChain> {
  const node = await startAnvil({ ...options, mining: 'manual' })
  closers.push(() => node.stop())
  const chain = connectLocalChain(node.url)
  const usdc = await chain.deployToken({ name: 'USD Coin', symbol: 'USDC', decimals: 6 })
  const dai = await chain.deployToken({ name: 'Dai', symbol: 'DAI', decimals: 18 })
  await chain.mine(1)
  for (const { address } of [usdc, dai]) {
    for (const { address: holder } of [...chain.accounts.slice(0, 2), merchantWallet]) {
      await chain.mint(address, holder, MINT_UNITS)
    }
  }
  await chain.mine(EARLY_BLOCKS)
  if (blockTimeS !== null) await chain.rpc('evm_setIntervalMining', [blockTimeS])
  return { chain, usdc: usdc.address, dai: dai.address }
}

/** All, so that none is left behind where another fails. */
async function startAll<Started>(starts: readonly Promise<Started>[]): Promise<Started[]> {
  const results = await Promise.allSettled(starts)
  return results.map((result) => {
    if (result.status === 'rejected') throw result.reason
    return result.value
  })
}

function describeConfig(chains: Readonly<Record<number, StartedChain>>): object {
  const described = Object.entries(chains).map(([chainId, { chain, usdc, dai }]) => [
    chainId,
    {
      name: chainId === '31337' ? 'Local' : 'Second local',
      rpc: [chain.url],
      test: true,
      poll_interval_ms: 250,
      finality: [{ confirmations: CONFIRMATIONS }],
      native: { symbol: 'ETH', decimals: 18 },
      own_senders: [merchantWallet.address],
      tokens: [
        { address: usdc, symbol: 'USDC', decimals: 6 },
        { address: dai, symbol: 'DAI', decimals: 18 },
      ],
    },
  ])
  return {
    chains: Object.fromEntries(described),
    rates: {
      sources: [{ kind: 'fixed', prices: { 'ETH/USD': '2500', 'USDC/USD': '1', 'DAI/USD': '1' } }],
    },
  }
}

function startGatewayProcess(folder: string, variables: Record<string, string>): ChildProcess {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('QUITTANCE_'))
  return spawn(
    process.execPath,
    [
      join(ROOT, 'src/entrypoints/cli/quittance.js'),
      'serve',
      '--config',
      join(folder, 'quittance.config.json'),
    ],
    {
      cwd: folder,
      env: { ...Object.fromEntries(own), ...variables },
      stdio: ['ignore', 'inherit', 'inherit'],
    },
  )
}

async function waitUntilReady(url: string, gateway: ChildProcess): Promise<void> {
  const deadlineMs = performance.now() + READY_DEADLINE_MS
  while (performance.now() < deadlineMs) {
    if (gateway.exitCode !== null) throw new Error(`the gateway exited with ${gateway.exitCode}`)
    const answer = await fetch(`${url}/readyz`).catch(() => null)
    if (answer?.ok) return
    await sleep(READY_POLL_MS)
  }
  throw new Error(`the gateway was not ready within ${READY_DEADLINE_MS / 1_000} s`)
}

async function stopProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  await ended
}
