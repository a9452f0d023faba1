/**
 * usage: npm run demo             local chain, gateway and shop; stays up and prints the links
 *        npm run demo -- --auto   plays the whole story by itself and exits
 */
import process from 'node:process'
import { playStory } from './demo/play-story.ts'
import { startWorld, type World } from './demo/start-world.ts'

const FIXED_PORTS = { chain: 8545, gateway: 8080, shop: 3000 }
const BLOCK_TIME_S = 1

const print = (line: string) => void process.stdout.write(`${line}\n`)
const isAuto = process.argv.includes('--auto')

if (process.argv.includes('--help')) {
  print(
    'npm run demo [-- --auto]: with --auto the story is played once, then everything is stopped',
  )
} else if (isAuto) await runStory()
else await stayUp()

async function runStory(): Promise<void> {
  print('starting a local chain, the gateway and a shop ...')
  let world: World | null = null
  try {
    world = await startWorld({ blockTimeS: null, ports: {} })
    await playStory(world, print)
    print('\nThe whole story worked.')
  } catch (error) {
    print(`\nFAILED at ${error instanceof Error ? error.message : String(error)}`)
    process.exitCode = 1
  } finally {
    await world?.stop()
  }
}

async function stayUp(): Promise<void> {
  const world = await startWorld({ blockTimeS: BLOCK_TIME_S, ports: await choosePorts() })
  print('')
  print(`  shop      ${world.shop.url}        buy something, pay it from the local wallet`)
  print(`  gateway   ${world.gatewayUrl}        API key: ${world.apiKey}`)
  print(`  chain     ${world.chain.url}        a block every ${BLOCK_TIME_S} s`)
  print('')
  print('Ctrl+C stops everything.')
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void world.stop().then(() => process.exit(0)))
  }
  // The nodes do not keep the process alive by themselves.
  setInterval(() => {}, 60_000)
}

/** The usual ports where they are free, else any. */
async function choosePorts(): Promise<Partial<typeof FIXED_PORTS>> {
  const { findFreePort } = await import('../hardhat-local/src/find-free-port.ts')
  const free = await Promise.all(
    Object.entries(FIXED_PORTS).map(async ([name, port]) => {
      const isFree = await findFreePort(port).then(
        () => true,
        () => false,
      )
      return isFree ? [[name, port]] : []
    }),
  )
  return Object.fromEntries(free.flat())
}
