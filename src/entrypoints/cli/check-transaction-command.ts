import { Command } from 'commander'
import type { Hash } from '../../core/money/asset.ts'
import { formatDecimal } from '../../core/money/decimal.ts'
import { checkTransaction, type TransactionCheck } from '../../operations/check-transaction.ts'
import type { CliIo } from './cli-io.ts'

const EXIT_NOT_FOUND = 1

const MEANINGS: Readonly<Record<TransactionCheck['result'], string>> = {
  found: 'it pays an address of ours',
  pending: 'it is not in a block of our chain yet',
  unknown: 'the node does not know it',
  failed: 'it is in a block and failed: nothing moved',
  elsewhere: 'it pays no address of ours in an asset that is watched',
}

/** `quittance check-transaction`: one hash against the chain; works beside a running gateway. */
export function buildCheckTransactionCommand(io: CliIo): Command {
  return new Command('check-transaction')
    .description('look for one transaction on a chain, and settle its block again if it was missed')
    .argument('<hash>', 'hash of the transaction')
    .option('--chain <id>', 'chain id; needed where several chains are configured')
    .action(async (hash: string, { chain }: { chain?: string }) => {
      if (!/^0x[0-9a-fA-F]{64}$/.test(hash)) {
        throw new Error('the hash must be 0x and 64 hexadecimal digits')
      }
      await io.withChain({ chain, lockFor: null }, async (watched) => {
        const { source, native, settings } = watched
        const check = await checkTransaction(
          { ...watched, nodesOf: () => ({ source, native }) },
          {
            txHash: hash.toLowerCase() as Hash,
            chainIds: [settings.chainId],
            address: null,
            signal: new AbortController().signal,
          },
        )
        printCheck(io, check)
      })
    })
}

function printCheck(io: CliIo, check: TransactionCheck): void {
  const { result, blockNumber, confirmations, payments } = check
  const where = blockNumber === null ? '' : `, block ${blockNumber}, ${confirmations} confirmations`
  io.print(`${result}: ${MEANINGS[result]}${where}`)
  for (const { observation, invoiceId, position, accepted } of payments) {
    const { asset, amountUnits, id } = observation
    const amount = `${formatDecimal(amountUnits, asset.decimals)} ${asset.symbol}`
    const whose = invoiceId ?? 'no invoice'
    io.print(`${id} ${amount} for ${whose}, ${position}${accepted ? '' : ', not accepted'}`)
  }
  if (result !== 'found') io.setExitCode(EXIT_NOT_FOUND)
}
