/**
 * "I have paid: here is the hash." JSON for programs; for the form of the page a redirect back to
 * it, so that nothing needs script and a reload sends nothing twice.
 */
import type { Request, Response } from 'express'
import * as z from 'zod'
import type { InvoiceResource } from '../../../core/invoice/present-invoice.ts'
import type { Address, Hash } from '../../../core/money/asset.ts'
import { checkTransaction, type TransactionCheck } from '../../../operations/check-transaction.ts'
import { getInvoiceByToken } from '../../../operations/read-invoices.ts'
import type { HttpDeps } from '../http-deps.ts'
import { parseInput } from '../parse-input.ts'
import { isForm, readFormBody } from '../read-form-body.ts'
import { readJsonBody } from '../read-json-body.ts'
import { presentPublicStatus } from './public-status.ts'

/** An answer later than this helps nobody at a page. */
const DEADLINE_MS = 20_000

const CHAIN_ID_MAX = Number.MAX_SAFE_INTEGER

export const transactionInput = z.strictObject({
  tx_hash: z
    .string()
    .regex(/^\s*0x[0-9a-fA-F]{64}\s*$/, { error: 'must be 0x and 64 hexadecimal digits' })
    .describe('Hash of the transaction, as the wallet shows it.'),
  chain_id: z
    .int()
    .min(1)
    .max(CHAIN_ID_MAX)
    .optional()
    .describe('Where it was sent. Default: the chains the invoice accepts, one after the other.'),
})

/** Answers for an invoice that exists; the caller has limited how often. */
export async function answerTransaction(
  deps: HttpDeps,
  invoice: InvoiceResource,
  req: Request,
  res: Response,
): Promise<void> {
  const token = String(req.params.token)
  const byForm = isForm(req)
  const goBack = (checked: string) => {
    res.status(303).set('Location', `/i/${token}?checked=${checked}`).end()
  }
  const fields = byForm ? await readForm(req) : await readJsonBody(req, { optional: false })
  // People correct a typing error at the page.
  if (byForm && !transactionInput.safeParse(fields).success) return goBack('malformed')
  const input = parseInput(transactionInput, fields)
  const txHash = input.tx_hash.trim().toLowerCase() as Hash
  const accepted = new Set(invoice.payment_options.map((option) => option.chain_id))
  const check = await checkTransaction(deps, {
    txHash,
    chainIds: input.chain_id === undefined ? [...accepted] : [input.chain_id],
    address: invoice.address.toLowerCase() as Address,
    signal: AbortSignal.timeout(DEADLINE_MS),
  })
  if (byForm) return goBack(check.result)
  const after = await getInvoiceByToken(deps, token)
  const body = JSON.stringify(presentCheck(check, txHash, after, deps.chains))
  res.status(200).set('Content-Type', 'application/json; charset=utf-8').end(body)
}

export function presentCheck(
  check: TransactionCheck,
  txHash: Hash,
  invoice: InvoiceResource,
  chains: HttpDeps['chains'],
) {
  const made = invoice.payments.filter(
    ({ tx_hash, attributions = [] }) =>
      tx_hash === txHash || attributions.some((one) => one.tx_hash === txHash),
  )
  const { payments } = presentPublicStatus({ ...invoice, payments: made }, chains)
  return {
    object: 'transaction_check' as const,
    result: check.result,
    tx_hash: txHash,
    chain_id: check.chainId,
    block_number: check.blockNumber,
    confirmations: check.confirmations,
    invoice_status: invoice.status,
    payments: check.result === 'found' ? payments : [],
  }
}

/** A form sends text only, and leaves empty what nobody filled in. */
async function readForm(req: Request): Promise<Record<string, unknown>> {
  const { chain_id, ...fields } = await readFormBody(req)
  if (chain_id === undefined || chain_id === '') return fields
  return {
    ...fields,
    chain_id: /^[1-9]\d{0,14}$/.test(chain_id) ? Number.parseInt(chain_id, 10) : chain_id,
  }
}
