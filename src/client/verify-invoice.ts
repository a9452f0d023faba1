/** Whether money sent to an invoice can reach its merchant alone, without trusting the gateway. */
import {
  derivationPath,
  deriveDepositAddress,
  parseAccountKey,
} from '../core/keys/deposit-address.ts'
import { parseAddress, toChecksumAddress } from '../core/money/asset.ts'
import type { Invoice } from './api-resources.ts'
import { QuittanceError } from './quittance-error.ts'

/** What is looked at: an invoice has it, and so has whatever else shows an address. */
export type Payable = Pick<Invoice, 'address' | 'derivation_path'> & {
  readonly payment_options: readonly Pick<
    Invoice['payment_options'][number],
    'asset' | 'chain_id' | 'uri'
  >[]
}

const INDEX = /\/(0|[1-9]\d{0,9})$/

/**
 * Derives the address of an invoice again from the merchant's own account key, and holds the links
 * for wallets against it. The key must come from the merchant's own keeping, not from the gateway.
 *
 * @returns the address, with its checksum
 * @throws QuittanceError `invoice_refused` when the invoice is not this account's; `invalid_call` for
 * what is no account key (it is not echoed)
 */
export function verifyInvoice(invoice: Payable, xpub: string): string {
  const parsed = parseAccountKey(xpub)
  if (!parsed.ok) throw new QuittanceError(`xpub: ${parsed.detail}`, { code: 'invalid_call' })
  const { key } = parsed
  const path = invoice.derivation_path
  const index = Number.parseInt(INDEX.exec(path)?.[1] ?? '-1', 10)
  // Rendered and compared: one form only, so no account, chain or hardening can be smuggled in.
  if (index < 0 || path !== derivationPath(index, key.accountNumber)) {
    throw refuse('derivation_path', 'is not an address of this account')
  }
  const address = deriveDepositAddress(key, index)
  if (parseAddress(invoice.address) !== address) {
    throw refuse('address', 'does not derive from the account key')
  }
  for (const [i, option] of invoice.payment_options.entries()) {
    if (readPayee(option) !== address) {
      throw refuse(`payment_options/${i}/uri`, 'pays another address, chain or token')
    }
  }
  return toChecksumAddress(address)
}

/** Who an EIP-681 link of this asset pays; null where it is a link of something else. */
function readPayee({ asset, chain_id, uri }: Payable['payment_options'][number]): string | null {
  const token = /\/erc20:(0x[0-9a-f]{40})$/.exec(asset)?.[1]
  const [, target = '', chain, call, query = ''] =
    /^ethereum:(0x[0-9a-fA-F]{40})@(\d+)(\/transfer)?\?(.*)$/.exec(uri) ?? []
  if (chain !== String(chain_id)) return null
  if (token === undefined) return call === undefined ? parseAddress(target) : null
  const payees = new URLSearchParams(query).getAll('address')
  if (call === undefined || parseAddress(target) !== token || payees.length !== 1) return null
  return parseAddress(payees[0] as string)
}

function refuse(field: string, detail: string): QuittanceError {
  const errors = [{ pointer: `/${field}`, code: 'invoice_refused', detail }]
  const message = `the invoice must not be paid: its ${field} ${detail}`
  return new QuittanceError(message, { code: 'invoice_refused', errors })
}
