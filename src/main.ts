/** The process: environment in, one command out, exit codes. `quittance serve` is the gateway. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { setFlagsFromString } from 'node:v8'
import { Command, CommanderError } from 'commander'
import { agreeOnAccounts } from './adapters/evm-rpc/agree-on-accounts.ts'
import { createSweepChain } from './adapters/evm-rpc/sweep-chain.ts'
import { LARGE_FILES } from './adapters/sqlite/check-integrity.ts'
import { acquireLock } from './adapters/sqlite/lock-file.ts'
import { createSystemClock } from './adapters/system/clock.ts'
import { openPayoutJournal } from './adapters/system/payout-journal.ts'
import {
  allowsTestVariables,
  type ChainConfig,
  findConfigFile,
  type GatewayConfig,
  parseConfig,
  readConfigFile,
  readTestVariables,
} from './config.ts'
import { buildApiKeyCommand } from './entrypoints/cli/api-key-command.ts'
import { buildAuditCommand } from './entrypoints/cli/audit-command.ts'
import { buildCheckCommand } from './entrypoints/cli/check-command.ts'
import { buildCheckTransactionCommand } from './entrypoints/cli/check-transaction-command.ts'
import type { CliIo } from './entrypoints/cli/cli-io.ts'
import { buildDoctorCommand } from './entrypoints/cli/doctor-command.ts'
import { buildInitCommand } from './entrypoints/cli/init-command.ts'
import { buildPayoutCommand } from './entrypoints/cli/payout-command.ts'
import { buildRecoverCommand } from './entrypoints/cli/recover-command.ts'
import { buildRescanCommand } from './entrypoints/cli/rescan-command.ts'
import { buildStoreCommand } from './entrypoints/cli/store-command.ts'
import { buildSweepCommand } from './entrypoints/cli/sweep-command.ts'
import { GatewayError } from './errors.ts'
import { examineInstallation } from './examine-installation.ts'
import {
  createSource,
  type Foundation,
  type Gateway,
  lockDatabase,
  openFoundation,
  ROLES,
  type Role,
  startGateway,
} from './gateway.ts'
import type { SweepChain } from './ports/sweep-chain.ts'

/** SIGTERM to exit: what is not finished by then is taken up again after the next start. */
const STOP_DEADLINE_MS = 9_000
const EXIT_FAILED = 1
/** How much of what lives may become garbage before old objects are collected. Node's own: 300. */
const HEAP_GROWING_PERCENT = 40

const { version } = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
) as { version: string }

const program = new Command('quittance')
  .description('self-hosted crypto payment gateway')
  .version(version)
  .option(
    '--config <path>',
    'configuration file (default: QUITTANCE_CONFIG, ./quittance.config.json)',
  )
  .showHelpAfterError()

const io: CliIo = {
  print: (line) => void process.stdout.write(`${line}\n`),
  warn: (line) => void process.stderr.write(`${line}\n`),
  setExitCode: (code) => {
    process.exitCode = code
  },
  loadConfig,
  withInstallation,
  withPayouts: async (task) => {
    const { stateDir } = loadConfig()
    const unlock = acquireLock(join(stateDir, 'payouts.lock'), 'payout')
    try {
      const journal = openPayoutJournal(stateDir)
      return await withInstallation((foundation) => task({ ...foundation, journal }))
    } finally {
      unlock()
    }
  },
  withChain: async ({ chain: id, lockFor }, task) => {
    const config = loadConfig()
    const chain = chooseChain(config, id)
    const unlock = lockFor === null ? () => {} : lockDatabase(config, lockFor)
    try {
      return await withInstallation(async (foundation) => {
        for (const store of await foundation.store.listStores()) {
          await foundation.accounts.ensure(store)
        }
        const source = createSource(foundation, chain)
        return task({ ...foundation, settings: chain, source, native: source.native })
      })
    } finally {
      unlock()
    }
  },
}

program
  .command('serve', { isDefault: true })
  .description('run the gateway')
  .option('--role <list>', `what this instance does: ${ROLES.join(',')}`, ROLES.join(','))
  .option('--accept-new-xpub', 'begin a new epoch with a changed QUITTANCE_XPUB')
  .action(serve)
program.addCommand(buildInitCommand(io, whereTheUserStands()))
program.addCommand(buildDoctorCommand(io, () => examineInstallation(loadConfig)))
program.addCommand(buildCheckCommand(io))
program.addCommand(buildAuditCommand(io))
program.addCommand(buildRescanCommand(io))
program.addCommand(buildCheckTransactionCommand(io))
program.addCommand(buildStoreCommand(io))
program.addCommand(buildApiKeyCommand(io))
program.addCommand(buildSweepCommand(io, openSweepChain))
program.addCommand(buildPayoutCommand(io, openSweepChain))
program.addCommand(buildRecoverCommand(io, openSweepChain))
// Run by entrypoints/keys without loading any of the above; named here for --help.
program.command('keys').description('offline: new, xpub, address, verify-address; recover')

try {
  await program.parseAsync()
} catch (error) {
  if (!(error instanceof CommanderError)) fail(error)
}

async function withInstallation<T>(task: (foundation: Foundation) => Promise<T>): Promise<T> {
  const config = loadConfig()
  const foundation = openFoundation({ ...config, logLevel: 'warn' })
  try {
    return await task(foundation)
  } finally {
    await foundation.close()
  }
}

function chooseChain({ chains }: GatewayConfig, id: string | undefined): ChainConfig {
  const ids = chains.map(({ chainId }) => String(chainId)).join(', ')
  const [only, ...others] = chains
  if (id === undefined && only !== undefined && others.length === 0) return only
  if (id === undefined) throw new Error(`--chain is needed: one of ${ids || 'none configured'}`)
  const chosen = chains.find(({ chainId }) => String(chainId) === id)
  if (chosen === undefined) throw new Error(`--chain: "${id}" is none of ${ids}`)
  return chosen
}

async function serve(options: { role: string; acceptNewXpub?: boolean }): Promise<void> {
  const roles = options.role.split(',').map((text) => {
    const role = ROLES.find((known) => known === text.trim())
    if (role === undefined)
      throw new Error(`--role: "${text.trim()}" is none of ${ROLES.join(', ')}`)
    return role satisfies Role
  })
  // Lazy collection of what a long catch-up leaves behind would double the memory and gain nothing.
  setFlagsFromString(`--heap-growing-percent=${HEAP_GROWING_PERCENT}`)
  const { crashAt, databaseCheckWaitsFor: waitsFor } = readTestVariables(process.env)
  const started = startGateway(loadConfig(), {
    onDamage: () => void started.then((gateway) => shutDown(gateway, 'damage', EXIT_FAILED)),
    roles,
    acceptNewXpub: options.acceptNewXpub === true,
    version,
    crashAt,
    lateCheck: waitsFor === null ? LARGE_FILES : { checkedAtOnceBytes: 0, waitsFor },
  })
  const gateway = await started
  if (gateway.url !== null) gateway.logger.info({ url: gateway.url, version }, 'listening')
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => void shutDown(gateway, signal))
  }
}

async function shutDown(gateway: Gateway, reason: string, exitCode = 0): Promise<void> {
  gateway.logger.info({ reason }, 'stopping')
  const overdue = setTimeout(() => {
    gateway.logger.error(
      {},
      'not stopped in time; what was under way is taken up at the next start',
    )
    process.exit(EXIT_FAILED)
  }, STOP_DEADLINE_MS)
  overdue.unref()
  try {
    await gateway.stop()
    gateway.logger.info({}, 'stopped')
    process.exit(exitCode)
  } catch (error) {
    fail(error)
    process.exit(EXIT_FAILED)
  }
}

function loadConfig(): GatewayConfig {
  const cwd = whereTheUserStands()
  const flag = program.opts<{ config?: string }>().config
  const path = findConfigFile({ flag, env: process.env, cwd })
  return parseConfig({
    file: readConfigFile(path),
    env: process.env,
    cwd,
    allowTestVariables: allowsTestVariables(process.env),
  })
}

function openSweepChain(chainId: number): SweepChain {
  const chain = loadConfig().chains.find((one) => one.chainId === chainId)
  if (chain === undefined) {
    throw new GatewayError('not_configured', `Chain ${chainId} is not in the configuration.`)
  }
  const { rpcUrls, rpcHeaders: headers } = chain
  const clock = createSystemClock()
  const nodes = rpcUrls.map((url) => createSweepChain({ chainId, url, headers, clock }))
  return agreeOnAccounts(nodes, io.warn)
}

/** npm runs scripts in the package's folder and tells in INIT_CWD where the user was. */
function whereTheUserStands(): string {
  const isNpmScript = ['start', 'quittance'].includes(process.env.npm_lifecycle_event ?? '')
  return isNpmScript ? (process.env.INIT_CWD ?? process.cwd()) : process.cwd()
}

/** One clear line; a stack only for what is a bug of ours. */
function fail(error: unknown): void {
  const isOurs = error instanceof GatewayError || !(error instanceof TypeError)
  const text = error instanceof Error ? (isOurs ? error.message : error.stack) : String(error)
  io.warn(`quittance: ${text}`)
  process.exitCode = EXIT_FAILED
}
