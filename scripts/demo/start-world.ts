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
import { createThrowawayAccount } from './throwaway-account.ts'

export type World = {
  chain: LocalChain
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

export async function startWorld(options: {
  /** Seconds between blocks; null mines only when told. */
  blockTimeS: number | null
  ports: { chain?: number; gateway?: number; shop?: number }
}): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'quittance-demo-'))
  const closers: (() => Promise<void> | void)[] = [() => rmSync(folder, { recursive: true })]
  const stop = async () => {
    for (const close of closers.splice(0).reverse()) await close()
  }
  try {
    const node = await startAnvil({ port: options.ports.chain ?? 0, mining: 'manual' })
    closers.push(() => node.stop())
    const chain = connectLocalChain(node.url)
    const usdc = await chain.deployToken({ name: 'USD Coin', symbol: 'USDC', decimals: 6 })
    const dai = await chain.deployToken({ name: 'Dai', symbol: 'DAI', decimals: 18 })
    await chain.mine(1)
    for (const { address } of [usdc, dai]) {
      for (const { address: holder } of chain.accounts.slice(0, 2)) {
        await chain.mint(address, holder, MINT_UNITS)
      }
    }
    await chain.mine(EARLY_BLOCKS)
    if (options.blockTimeS !== null) await chain.rpc('evm_setIntervalMining', [options.blockTimeS])
    const port = await findFreePort(options.ports.gateway)
    const gatewayUrl = `http://127.0.0.1:${port}`
    const shopPort = await findFreePort(options.ports.shop)
    const apiKey = `qk_${randomBytes(24).toString('hex')}`
    writeFileSync(
      join(folder, 'quittance.config.json'),
      JSON.stringify(describeConfig(node.url, usdc.address, dai.address)),
    )
    const gateway = startGatewayProcess(folder, {
      QUITTANCE_XPUB: createThrowawayAccount().xpub,
      QUITTANCE_API_KEY: apiKey,
      QUITTANCE_PORT: String(port),
      QUITTANCE_LOG_LEVEL: process.env.QUITTANCE_LOG_LEVEL ?? 'warn',
      QUITTANCE_WEBHOOK_ALLOWED_HOSTS: `127.0.0.1:${shopPort}`,
      QUITTANCE_WEBHOOK_SCHEDULE: '1s,2s,5s,10s',
    })
    closers.push(() => stopProcess(gateway))
    await waitUntilReady(gatewayUrl, gateway)
    const shop = await startShop({ gatewayUrl, apiKey, port: shopPort })
    closers.push(() => shop.close())
    return { chain, usdc: usdc.address, gatewayUrl, apiKey, shop, folder, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

function describeConfig(rpc: string, usdc: string, dai: string): object {
  return {
    chains: {
      '31337': {
        name: 'Local',
        rpc: [rpc],
        test: true,
        poll_interval_ms: 250,
        finality: [{ confirmations: CONFIRMATIONS }],
        native: { symbol: 'ETH', decimals: 18 },
        tokens: [
          { address: usdc, symbol: 'USDC', decimals: 6 },
          { address: dai, symbol: 'DAI', decimals: 18 },
        ],
      },
    },
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
