/**
 * `quittance keys`: makes and checks keys without a network, a database or a configuration. It has a
 * composition root of its own, so that nothing which could send a secret away is ever loaded with one.
 */
import { Command, CommanderError } from 'commander'
import { MAX_DERIVATION_INDEX } from '../../core/keys/deposit-address.ts'
import { toChecksumAddress } from '../../core/money/asset.ts'
import { type Account, deriveAccount, listAddress } from './account.ts'
import { addEncrypt } from './encrypt-command.ts'
import { EXIT_NOT_FOUND, EXIT_OK, EXIT_USAGE, type KeysIo, runTelling } from './keys-io.ts'
import { createMnemonic, deriveSeed } from './mnemonic.ts'
import {
  ACCOUNT_MAX,
  addWalletOptions,
  parseChecksummed,
  parseCount,
  parseWordCount,
  parseXpub,
} from './parse-options.ts'
import { addPrivateKey } from './private-key-command.ts'
import { readSeed, type WalletOptions } from './read-secret.ts'

/** Addresses one call prints: ten pages of a spreadsheet; more are asked for in steps. */
const LIST_MAX = 10_000
/** Addresses a search looks through at most, some hours of one core; the default takes seconds. */
const SEARCH_MAX = 10_000_000

const HELP_AFTER = `
Keep this tool on a machine without a network. The server needs the xpub alone; the words stay here.

Examples:
  quittance keys new                                  make 24 words and their xpub
  quittance keys xpub                                 ask for your words, print their xpub
  quittance keys encrypt --out wallet.key             ask for your words, keep them behind a password
  quittance keys address --xpub xpub6... --index 7    the deposit address of an invoice
  quittance keys verify-address 0x... --xpub xpub6... is this address mine?
  quittance keys recover --gap 2000                   find the money of your words; this tool reads
                                                      them, another program has the network

Words, passphrases and private keys are read from standard input, never from arguments.
Exit codes: 0 yes or done, 1 not found, 2 bad input.`

/** The `keys` command. Faults are told on stderr and set the exit code; parse faults throw too. */
export function buildKeysCommand(io: KeysIo): Command {
  const keys = new Command('keys')
    .description('Make and check keys, offline: mnemonic, account key (xpub), addresses.')
    .addHelpText('after', HELP_AFTER)
    .showSuggestionAfterError(false)
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
      outputError: (text, write) => write(`${redactParseFault(text)}\n`),
    })
    .exitOverride((error) => {
      const code = error.exitCode === 0 ? EXIT_OK : EXIT_USAGE
      io.setExitCode(code)
      throw new CommanderError(code, error.code, redactParseFault(error.message))
    })
  addNew(keys, io)
  addXpub(keys, io)
  addAddress(keys, io)
  addVerifyAddress(keys, io)
  addEncrypt(keys, io)
  addPrivateKey(keys, io)
  return keys
}

function addNew(keys: Command, io: KeysIo): void {
  keys
    .command('new')
    .description('Make a mnemonic from the randomness of this machine and print it once.')
    .option('--words <count>', 'words of the mnemonic: 12 or 24', '24')
    .option('--account <number>', "N of the account m/44'/60'/N'; one account per store", '0')
    .option('--json', 'print one JSON object')
    .action((options: { words: string; account: string; json?: true }) =>
      runTelling(io, () => {
        const wordCount = parseWordCount(options.words)
        const number = parseCount('--account', options.account, 0, ACCOUNT_MAX)
        const mnemonic = createMnemonic(io.randomBytes, wordCount)
        const account = deriveAccount(deriveSeed(mnemonic, ''), number)
        io.stderr.write(NEW_WARNING)
        io.stdout.write(
          options.json ? renderNewJson(mnemonic, account) : renderNew(mnemonic, account),
        )
      }),
    )
}

function addXpub(keys: Command, io: KeysIo): void {
  addWalletOptions(keys.command('xpub'))
    .description('Print the account key (xpub) of a mnemonic read from standard input.')
    .option('--account <number>', "N of the account m/44'/60'/N'; one account per store", '0')
    .action((options: WalletOptions & { account: string }) =>
      runTelling(io, async () => {
        const number = parseCount('--account', options.account, 0, ACCOUNT_MAX)
        const account = deriveAccount(await readSeed(io, options), number)
        const { address } = listAddress(account, 0)
        io.stderr.write(`${account.path}, fingerprint ${account.key.fingerprint}\n`)
        io.stderr.write(`First address ${address}: compare it with your wallet.\n`)
        io.stdout.write(`${account.key.xpub}\n`)
      }),
    )
}

function addAddress(keys: Command, io: KeysIo): void {
  keys
    .command('address')
    .description('Print deposit addresses of an account key, with index and path.')
    .requiredOption('--xpub <xpub>', 'account-level extended public key')
    .requiredOption('--index <number>', 'first index')
    .option('--count <number>', 'how many', '1')
    .action((options: { xpub: string; index: string; count: string }) =>
      runTelling(io, () => {
        const account = parseXpub(options.xpub)
        const first = parseCount('--index', options.index, 0, MAX_DERIVATION_INDEX)
        const longest = Math.min(LIST_MAX, MAX_DERIVATION_INDEX - first + 1)
        const count = parseCount('--count', options.count, 1, longest)
        for (let index = first; index < first + count; index++) {
          const listed = listAddress(account, index)
          io.stdout.write(`${listed.address}  ${listed.path}\n`)
        }
      }),
    )
}

function addVerifyAddress(keys: Command, io: KeysIo): void {
  keys
    .command('verify-address')
    .description('Find the index of an address under an account key; exit 1 when it is not there.')
    .argument('<address>', 'the address to look for')
    .requiredOption('--xpub <xpub>', 'account-level extended public key')
    .option('--up-to <number>', 'last index to look at', '10000')
    .action((text: string, options: { xpub: string; upTo: string }) =>
      runTelling(io, () => {
        const address = parseChecksummed(text)
        const account = parseXpub(options.xpub)
        const last = parseCount('--up-to', options.upTo, 0, SEARCH_MAX)
        const wanted: string = toChecksumAddress(address)
        for (let index = 0; index <= last; index++) {
          const listed = listAddress(account, index)
          if (listed.address !== wanted) continue
          io.stdout.write(`${wanted} is yours: index ${index}, path ${listed.path}\n`)
          return
        }
        io.stdout.write(`${wanted} is not among indexes 0 to ${last} of this account key.\n`)
        io.setExitCode(EXIT_NOT_FOUND)
      }),
    )
}

/** Faults in which commander names our options only; all others repeat what was typed. */
const SAFE_FAULTS = [
  /^error: required option '[^']*' not specified$/,
  /^error: option '[^']*' argument missing$/,
  /^error: missing required argument 'address'$/,
]

/** Somebody may have typed words or a key as an argument: such a fault is replaced whole. */
function redactParseFault(text: string): string {
  const fault = text.trim()
  if (SAFE_FAULTS.some((form) => form.test(fault))) return fault
  return (
    'error: arguments not understood, see --help. Words and private keys are read from standard ' +
    'input only; if you typed one here, it is in the history of your shell: do not use it.'
  )
}

const NEW_WARNING = `Write the words on paper, in order, and keep them off line.
Whoever reads them owns the money; lost words are lost money. They are shown this once.
Do not photograph, mail or store them, and never give them to the server.
`

function renderNew(mnemonic: string, account: Account): string {
  const first = listAddress(account, 0)
  return [
    `Words:         ${mnemonic}`,
    `Account key:   ${account.key.xpub}`,
    `Path:          ${account.path}`,
    `Fingerprint:   ${account.key.fingerprint}`,
    `First address: ${first.address}  ${first.path}`,
    '',
  ].join('\n')
}

function renderNewJson(mnemonic: string, account: Account): string {
  const resource = {
    mnemonic,
    xpub: account.key.xpub,
    path: account.path,
    fingerprint: account.key.fingerprint,
    first_address: listAddress(account, 0).address,
  }
  return `${JSON.stringify(resource, null, 2)}\n`
}
