/**
 * The wallet that the merchant of the demo pays refunds from. The gateway holds no key: it is told of
 * this wallet by `own_senders`, and recognises on the chain what it pays.
 */
import type { WebhookEvent } from 'quittance/client'
import { deriveDevAccounts } from '../../hardhat-local/src/dev-accounts.ts'
import type { LocalChain } from '../../hardhat-local/src/local-chain.ts'

/** One of the node's accounts that nobody else uses. */
const WALLET = 3

export const merchantWallet = deriveDevAccounts(WALLET + 1)[WALLET] as ReturnType<
  typeof deriveDevAccounts
>[number]

/** Pays a refund that is asked for; any other event is none of its business. */
export async function payRefund(chain: LocalChain, event: WebhookEvent): Promise<void> {
  if (event.type !== 'refund.requested') return
  const { asset, amount_units, destination } = event.data
  const token = /\/erc20:(0x[0-9a-f]{40})$/.exec(asset)?.[1] as `0x${string}` | undefined
  if (token === undefined) return
  await chain.sendToken({
    token,
    to: destination as `0x${string}`,
    units: BigInt(amount_units),
    from: merchantWallet,
  })
}
