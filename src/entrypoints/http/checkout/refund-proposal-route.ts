/**
 * "If money goes back, send it here." JSON for programs; for a form of the page a redirect back to
 * it. What is said here is shown to the merchant, and pays nobody.
 */
import type { Request, Response } from 'express'
import { GatewayError } from '../../../errors.ts'
import { proposeRefund } from '../../../operations/propose-refund.ts'
import type { HttpDeps } from '../http-deps.ts'
import { parseProposal } from '../parse-refund-requests.ts'
import { isForm, readFormBody } from '../read-form-body.ts'
import { readJsonBody } from '../read-json-body.ts'

const CREATED = 201

/** Answers for an invoice that exists; the caller has limited how often. */
export async function answerProposal(deps: HttpDeps, req: Request, res: Response): Promise<void> {
  const token = String(req.params.token)
  if (isForm(req)) {
    const refund = await proposeByForm(deps, token, req)
    res.status(303).set('Location', `/i/${token}?refund=${refund}`).end()
    return
  }
  const destination = parseProposal(await readJsonBody(req, { optional: false }))
  const body = JSON.stringify(await proposeRefund(deps, { token, destination }))
  res.status(CREATED).set('Content-Type', 'application/json; charset=utf-8').end(body)
}

/** People correct a typing error at the page: what came of it, as the page is told. */
async function proposeByForm(
  deps: HttpDeps,
  token: string,
  req: Request,
): Promise<'proposed' | 'malformed' | 'full'> {
  const fields = await readFormBody(req)
  try {
    await proposeRefund(deps, { token, destination: parseProposal(fields) })
    return 'proposed'
  } catch (error) {
    const code = error instanceof GatewayError ? error.code : null
    if (code === 'invalid_request') return 'malformed'
    if (code === 'not_acceptable_state') return 'full'
    throw error
  }
}
