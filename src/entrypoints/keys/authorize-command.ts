/**
 * `quittance sweep authorize`: authorizations of deposit addresses, signed ahead, so that money can be
 * collected on a schedule by a machine that has only the key of a sponsor.
 */
import type { Command } from 'commander'
import { MAX_DERIVATION_INDEX } from '../../core/keys/deposit-address.ts'
import { toChecksumAddress } from '../../core/money/asset.ts'
import {
  AUTHORIZATIONS_MAX,
  type PresignedAuthorization,
  renderAuthorizations,
} from '../../core/sweep/authorizations-file.ts'
import { delegateAddress } from '../../core/sweep/delegate-code.ts'
import { createOut, type KeysIo, runTelling } from './keys-io.ts'
import { ACCOUNT_MAX, addWalletOptions, parseChecksummed, parseCount } from './parse-options.ts'
import { readSeed, type WalletOptions } from './read-secret.ts'
import { authorizeBy } from './sign-transactions.ts'
import { openSweepKeys } from './sweep-keys.ts'

type Options = WalletOptions & {
  readonly chain: string
  readonly to: string
  readonly account: string
  readonly from: string
  readonly count: string
  readonly out: string
}

const HELP_AFTER = `
Each lets one address delegate to the contract that pays your treasury and nobody else, on this chain,
with nonce 0. Give the file to the machine that collects: quittance sweep sign --authorizations FILE.

Exit codes: 0 done, 2 refused.`

export function addAuthorize(sweep: Command, io: KeysIo): void {
  addWalletOptions(sweep.command('authorize'))
    .description('Sign ahead, offline, that addresses may be collected from to your treasury.')
    .requiredOption('--chain <id>', 'chain id')
    .requiredOption('--to <address>', 'the treasury, typed from your own records')
    .requiredOption('--out <file>', 'file to make')
    .option('--account <number>', "N of the account m/44'/60'/N'", '0')
    .option('--from <index>', 'first index', '0')
    .option('--count <number>', 'how many', '1000')
    .addHelpText('after', HELP_AFTER)
    .action((options: Options) => runTelling(io, () => authorize(io, options)))
}

async function authorize(io: KeysIo, options: Options): Promise<void> {
  const chainId = parseCount('--chain', options.chain, 1, MAX_DERIVATION_INDEX)
  const destination = parseChecksummed(options.to)
  const number = parseCount('--account', options.account, 0, ACCOUNT_MAX)
  const from = parseCount('--from', options.from, 0, MAX_DERIVATION_INDEX)
  const most = Math.min(AUTHORIZATIONS_MAX, MAX_DERIVATION_INDEX - from + 1)
  const count = parseCount('--count', options.count, 1, most)
  const delegate = delegateAddress(destination)
  const keys = openSweepKeys(await readSeed(io, options), number)
  try {
    const entries: PresignedAuthorization[] = []
    for (let index = from; index < from + count; index++) {
      const address = keys.depositAddress(index)
      const signature = await authorizeBy(keys)(chainId, { index, address, nonce: 0, delegate })
      entries.push({ index, address, ...signature })
    }
    const file = renderAuthorizations({ chainId, destination, entries })
    await createOut(io, options.out, `${JSON.stringify(file, null, 2)}\n`)
    io.stdout.write(
      `${count} addresses from index ${from} of ${keys.fingerprint} may be collected from, ` +
        `on chain ${chainId}, to ${toChecksumAddress(destination)}: ${options.out}\n`,
    )
  } finally {
    keys.wipe()
  }
}
