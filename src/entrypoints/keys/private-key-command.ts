/** `keys private-key`: the key of one deposit address, for whoever insists and was told what it costs. */
import { HDKey } from '@scure/bip32'
import type { Command } from 'commander'
import { assert } from '../../core/assert.ts'
import {
  derivationPath,
  MAX_DERIVATION_INDEX,
  publicKeyToAddress,
} from '../../core/keys/deposit-address.ts'
import { toChecksumAddress } from '../../core/money/asset.ts'
import { invalidField } from '../../errors.ts'
import { type KeysIo, runTelling } from './keys-io.ts'
import { ACCOUNT_MAX, addWalletOptions, parseCount } from './parse-options.ts'
import { readSeed, type WalletOptions } from './read-secret.ts'

type Options = WalletOptions & {
  readonly index: string
  readonly account: string
  readonly iUnderstandXpubRisk?: true
}

/** BIP-32 subtracts as it adds: child - left half of HMAC-SHA512(chain code, key, index) = parent. */
const WHY = `An xpub and ONE private key below it give the private key of the whole account, and with it
every deposit address and all their money (BIP-32). Your xpub is on the server, in its configuration
and its backups. Never give a deposit key to a wallet, a shop or a person.
Move money by \`quittance sweep\`, which never shows a key.`

export function addPrivateKey(keys: Command, io: KeysIo): void {
  addWalletOptions(keys.command('private-key'))
    .description('Print the private key of one deposit address. Dangerous: see its --help.')
    .requiredOption('--index <number>', 'index of the address')
    .option('--account <number>', "N of the account m/44'/60'/N'", '0')
    .option('--i-understand-xpub-risk', 'print it; without this nothing is read or printed')
    .addHelpText('after', `\n${WHY}`)
    .action((options: Options) => runTelling(io, () => printPrivateKey(io, options)))
}

async function printPrivateKey(io: KeysIo, options: Options): Promise<void> {
  const index = parseCount('--index', options.index, 0, MAX_DERIVATION_INDEX)
  const number = parseCount('--account', options.account, 0, ACCOUNT_MAX)
  if (options.iUnderstandXpubRisk !== true) {
    const detail = `private-key: needs --i-understand-xpub-risk.\n${WHY}`
    throw invalidField('', 'risk_not_accepted', detail)
  }
  io.stderr.write(`${WHY}\n`)
  const seed = await readSeed(io, options)
  const path = derivationPath(index, number)
  const root = HDKey.fromMasterSeed(seed)
  const node = root.derive(path)
  root.wipePrivateData()
  try {
    const { privateKey, publicKey } = node
    assert(privateKey !== null && publicKey !== null, 'a key derived from a seed is private')
    const address = toChecksumAddress(publicKeyToAddress(publicKey))
    io.stderr.write(`${path}, ${address}\n`)
    io.stdout.write(`0x${Buffer.from(privateKey).toString('hex')}\n`)
  } finally {
    node.wipePrivateData()
  }
}
