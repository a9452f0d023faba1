/** What every file says of one payout that has its nonce, read strictly. */
import {
  asAddress,
  asAssetId,
  asInteger,
  type asObject,
  asText,
  asUnits,
} from '../sweep/read-fields.ts'
import { REFERENCE } from './payout-list.ts'
import type { Payout } from './payout-plan.ts'

/** `at` is the path of the payout in its file, for what is said of a wrong field. */
export function readPayoutTerms(
  payout: ReturnType<typeof asObject>,
  at: string,
): Payout & { readonly nonce: number } {
  return {
    reference: asText(payout.reference, `${at}.reference`, REFERENCE),
    to: asAddress(payout.to, `${at}.to`),
    assetId: asAssetId(payout.asset, `${at}.asset`),
    units: asUnits(payout.units, `${at}.units`),
    nonce: asInteger(payout.nonce, `${at}.nonce`, 0),
  }
}
