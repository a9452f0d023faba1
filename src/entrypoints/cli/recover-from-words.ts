/**
 * `quittance keys recover`: two programs one after the other, joined by nothing but an xpub. The keys
 * tool reads the words, prints the xpub and ends; then a program with a network searches. This one
 * starts both and reads neither words nor balances.
 */
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { Command, CommanderError } from 'commander'
import { runNode, runOffline } from './run-offline.ts'

const LAUNCHER = fileURLToPath(new URL('./quittance.js', import.meta.url))
/** Bad input. */
const EXIT_FAILED = 2

type Options = {
  readonly account: string
  readonly passphrase?: true
  readonly keyFile?: string
  readonly gap?: string
  readonly upTo?: string
  readonly config?: string
  readonly json?: true
}

/** Resolves with the exit code: that of the keys tool where it failed, else that of the search. */
export async function recoverFromWords(args: readonly string[]): Promise<number> {
  let code = EXIT_FAILED
  const command = buildCommand().action(async (options: Options) => {
    code = await runBoth(options)
  })
  try {
    await command.parseAsync([...args], { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    return error.exitCode === 0 ? 0 : EXIT_FAILED
  }
  return code
}

function buildCommand(): Command {
  return new Command('quittance keys recover')
    .description('Find the money of your words by balances, on all configured chains.')
    .option('--account <number>', "N of the account m/44'/60'/N'", '0')
    .option('--passphrase', 'also ask for a BIP-39 passphrase (piped: on the second line)')
    .option('--key-file <file>', 'take the words from this file, and ask for its password')
    .option('--gap <count>', 'end after this many unused addresses in a row (default: 2000)')
    .option('--up-to <index>', 'last index to look at')
    .option('--config <path>', 'configuration file: chains, tokens and nodes')
    .option('--json', 'print one JSON object at the end')
    .addHelpText('after', HELP_AFTER)
    .allowExcessArguments(false)
    .configureOutput({ outputError: (_text, write) => write(FAULT) })
    .exitOverride()
}

const HELP_AFTER = `
The words are read from standard input by the offline keys tool, which hands on the xpub alone.
Without words, with the xpub: quittance recover --xpub X

Exit codes: 0 money found, 1 nothing there, 2 not searched to the end, 3 some balances unreadable.`

/** Words may have been typed as an argument: the fault repeats nothing. */
const FAULT =
  'error: arguments not understood, see --help. Words are read from standard input only; if you ' +
  'typed them here, they are in the history of your shell: do not use them.\n'

async function runBoth(options: Options): Promise<number> {
  const { account, passphrase, keyFile, gap, upTo, config, json } = options
  const xpub = [
    ...['xpub', '--account', account],
    ...(passphrase ? ['--passphrase'] : []),
    ...(keyFile === undefined ? [] : ['--key-file', keyFile]),
  ]
  const keys = await runOffline(xpub, 'pipe')
  if (keys.code !== 0) return keys.code
  const args = [
    ...process.execArgv,
    LAUNCHER,
    ...(config === undefined ? [] : ['--config', config]),
    ...['recover', '--xpub', keys.stdout.trim()],
    ...(gap === undefined ? [] : ['--gap', gap]),
    ...(upTo === undefined ? [] : ['--up-to', upTo]),
    ...(json ? ['--json'] : []),
  ]
  return (await runNode(args, 'inherit')).code
}
