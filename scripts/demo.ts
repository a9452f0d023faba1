/**
 * usage: npm run demo                            local chain, gateway and shop; stays up and prints the links
 *        npm run demo -- --auto                  plays the whole story by itself and exits
 *        npm run demo -- --auto --story NAME     plays what goes wrong with a payment: underpaid, overpaid,
 *                                                late, wrong-token, wrong-chain, refund, or all of them
 */
import process from 'node:process'
import { parseArgs } from 'node:util'
import { MISHAPS, playMishap } from './demo/play-mishaps.ts'
import { playStory } from './demo/play-story.ts'
import { startWorld, type World } from './demo/start-world.ts'

const FIXED_PORTS = { chain: 8545, gateway: 8080, shop: 3000 }
const BLOCK_TIME_S = 1

const print = (line: string) => void process.stdout.write(`${line}\n`)
const WHOLE_STORY = 'whole'
const STORIES = [WHOLE_STORY, ...MISHAPS, 'all']
const HELP = `npm run demo [-- --auto [--story ${STORIES.join('|')}]]
with --auto the story is played once, then everything is stopped`

const { values } = parseArgs({
  options: {
    auto: { type: 'boolean', default: false },
    story: { type: 'string', default: WHOLE_STORY },
    help: { type: 'boolean', default: false },
  },
})

if (values.help) print(HELP)
else if (!STORIES.includes(values.story)) {
  print(`there is no story ${JSON.stringify(values.story)}\n${HELP}`)
  process.exitCode = 1
} else if (values.auto || values.story !== WHOLE_STORY) await runStory(values.story)
else await stayUp()

async function runStory(story: string): Promise<void> {
  print('starting a local chain, the gateway and a shop ...')
  const withSecondChain = story === 'wrong-chain' || story === 'all'
  let world: World | null = null
  try {
    world = await startWorld({ blockTimeS: null, withSecondChain, ports: {} })
    if (story === WHOLE_STORY || story === 'all') await playStory(world, print)
    for (const name of MISHAPS.filter((one) => story === one || story === 'all')) {
      print('')
      await playMishap(world, name, print)
    }
    print(story === 'all' ? '\nAll stories worked.' : '\nThe whole story worked.')
  } catch (error) {
    print(`\nFAILED at ${error instanceof Error ? error.message : String(error)}`)
    process.exitCode = 1
  } finally {
    await world?.stop()
  }
}

async function stayUp(): Promise<void> {
  const ports = await choosePorts()
  const world = await startWorld({ blockTimeS: BLOCK_TIME_S, withSecondChain: true, ports })
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
