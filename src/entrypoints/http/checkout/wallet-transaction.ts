/**
 * What a wallet in the browser needs, made here so that the page ships no library: the transaction,
 * and the network as EIP-3085 and EIP-3326 name it.
 */
import type { ChainSettings } from '../../../core/chain/chain-settings.ts'
import { paymentTransaction } from '../../../core/invoice/payment-transaction.ts'
import type { InvoiceResource } from '../../../core/invoice/present-invoice.ts'
import { type Address, parseAddress, parseAssetId } from '../../../core/money/asset.ts'
import { GatewayError, invalidField } from '../../../errors.ts'

/**
 * The payment of what is still missing in this asset. Rejects with `invalid_request` when the invoice
 * does not take it, and with `not_acceptable_state` when there is nothing to pay.
 */
export function presentWalletTransaction(
  invoice: InvoiceResource,
  asset: string | null,
  chain: ChainSettings | undefined,
) {
  const option = invoice.payment_options.find((each) => each.asset === asset)
  const id = parseAssetId(option?.asset ?? '')
  if (option === undefined || id === null) {
    throw invalidField('?asset', 'not_accepted', 'is no asset this invoice may be paid in')
  }
  const isOpen = invoice.status === 'open' || invoice.status === 'reversed'
  const units = BigInt(option.outstanding_units)
  if (!isOpen || units === 0n) {
    throw new GatewayError('not_acceptable_state', 'There is nothing to pay on this invoice.')
  }
  const [, token = null] = option.asset.split('/erc20:')
  const recipient = parseAddress(invoice.address) as Address
  const contract = token === null ? null : parseAddress(token)
  const { to, valueUnits, data } = paymentTransaction(contract, recipient, units)
  return {
    object: 'wallet_transaction' as const,
    asset: option.asset,
    chain_id: option.chain_id,
    amount: option.outstanding,
    symbol: option.symbol,
    transaction: { to, value: `0x${valueUnits.toString(16)}`, data },
    network: presentNetwork(option.chain_id, chain),
  }
}

/** `rpcUrls` are public ones of the configuration: the gateway's own may hold credentials. */
function presentNetwork(chainId: number, chain: ChainSettings | undefined) {
  const coin = chain?.assets.find(({ token }) => token === null)
  const urls = chain?.walletRpc ?? []
  const hexId = `0x${chainId.toString(16)}`
  if (chain === undefined || coin === undefined || urls.length === 0) return { chainId: hexId }
  return {
    chainId: hexId,
    chainName: chain.name,
    nativeCurrency: { name: coin.symbol, symbol: coin.symbol, decimals: coin.decimals },
    rpcUrls: urls,
  }
}
