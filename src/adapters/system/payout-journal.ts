import { join } from 'node:path'
import { readJournal, renderJournal } from '../../core/payout/journal.ts'
import type { PayerOnChain, PayoutJournal } from '../../ports/payout-journal.ts'
import { makeDirectory, replaceText, syncDirectory } from './durable-file.ts'
import { corrupt, fileName, guardDisk, readFact, renderFact } from './state-facts.ts'

/**
 * One file in the state directory for each chain and payer:
 *
 *   payouts/<chain id>-<payer>.json   { "version": 1, "key": "<chain id>-<payer>", "value": [...] }
 */
export function openPayoutJournal(stateDir: string): PayoutJournal {
  guardDisk('payouts', () => {
    makeDirectory(join(stateDir, 'payouts'))
    syncDirectory(stateDir)
  })
  return {
    read(key) {
      const file = fileName('payouts', nameOf(key))
      const read = readJournal(readFact(stateDir, file, nameOf(key)) ?? [])
      if (!read.ok) throw corrupt(file)
      return read.value
    },
    write(key, payouts) {
      const file = fileName('payouts', nameOf(key))
      const text = renderFact(nameOf(key), renderJournal(payouts))
      guardDisk(file, () => replaceText(join(stateDir, file), text))
    },
  }
}

function nameOf({ chainId, payer }: PayerOnChain): string {
  return `${chainId}-${payer}`
}
