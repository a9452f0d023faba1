import { Command } from 'commander'
import type { PaymentResource } from '../../core/payment/present-payment.ts'
import type { Event } from '../../core/webhook/event.ts'
import { type RescanReport, rescanChain } from '../../operations/rescan-chain.ts'
import { verifyTokens } from '../../operations/verify-tokens.ts'
import type { CliIo } from './cli-io.ts'

const EXIT_INCOMPLETE = 1
/** Lines of progress: one for so many blocks. */
const TELL_EVERY = 1_000

type RescanOptions = { from: string; chain?: string; unhalt?: boolean }

/** `quittance rescan`: reads blocks again by the normal path; the way out of a halt. */
export function buildRescanCommand(io: CliIo): Command {
  return new Command('rescan')
    .description('read blocks again and settle what was missed; ends a halt. Not beside `serve`')
    .requiredOption('--from <block>', 'first block to read again')
    .option('--chain <id>', 'chain id; needed where several chains are configured')
    .option(
      '--unhalt',
      "follow the node from there on, however deep it leaves our chain, and end the chain's halt",
    )
    .addHelpText(
      'after',
      `
Blocks from --from up to where we are go through the same steps as new ones. What is held stays as
it is: running it twice changes nothing. Nothing is deleted; blocks that leave our chain stay as not
canonical, and their payments as orphaned.

--unhalt rewrites our chain by what the node says. Compare block hashes with another node first.`,
    )
    .action((options: RescanOptions) => rescan(io, options))
}

async function rescan(io: CliIo, { from, chain, unhalt = false }: RescanOptions): Promise<void> {
  if (!/^\d{1,15}$/.test(from)) throw new Error('--from: must be the number of a block')
  const choice = { chain, lockFor: 'rescan' }
  await io.withChain(choice, async (watched) => {
    const { signal } = new AbortController()
    await verifyTokens(watched, watched.settings, signal)
    let told = Number(from)
    const report = await rescanChain(watched, {
      settings: watched.settings,
      fromNumber: Number(from),
      unhalt,
      signal,
      progress(what, number, of) {
        if (number - told < TELL_EVERY && number !== of) return
        told = number === of ? Number(from) : number
        io.warn(`${what} read up to ${number} of ${of}`)
      },
    })
    for (const event of report.events) io.print(describeEvent(event))
    printSummary(io, report)
  })
}

function printSummary(io: CliIo, report: RescanReport): void {
  const { from, to, connected, disconnected, departure, endedHalt, events } = report
  if (disconnected > 0) io.print(`${disconnected} blocks of ours left, ${connected} came`)
  if (endedHalt !== null) io.print('the halt is ended; start the gateway')
  io.print(`blocks ${from} to ${to} read, ${events.length} events`)
  if (departure === null) return
  io.warn(
    `The node leaves our chain at block ${departure}; from there on nothing was read. The running ` +
      'gateway follows a reorg by itself; --unhalt follows it however deep it is.',
  )
  io.setExitCode(EXIT_INCOMPLETE)
}

/** `payment.detected inv_...  25 USDC 0x...`: type, whose, how much, in which transaction. */
function describeEvent({ type, invoiceId, payload }: Event): string {
  const whose = invoiceId ?? '-'
  if (!type.startsWith('payment.')) return `${type} ${whose}`
  const { data } = JSON.parse(payload) as { data: PaymentResource }
  return `${type} ${whose} ${data.amount} ${data.symbol} ${data.tx_hash ?? ''}`.trimEnd()
}
