/**
 * A wallet extension for the browser tests: announces itself as EIP-6963 asks, and signs and sends real
 * transactions on a local chain. The page sees what a page sees of any wallet.
 */
import type { BrowserContext } from 'playwright-core'
import { toHex } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import type { LocalChain } from '../../hardhat-local/src/local-chain.ts'

export type TestWallet = {
  /** Methods it was asked for, in order. */
  readonly calls: { method: string; params: readonly any[] }[]
  /** Networks it knows; it starts on Ethereum. */
  readonly networks: Set<number>
  /** What the person does when asked to confirm. */
  answer: 'confirm' | 'refuse'
}

type Call = { method: string; params?: readonly any[] }
type Reply = { result?: unknown; error?: { code: number; message: string } }

const ETHEREUM = 1
const GAS_LIMIT = 200_000n
const MAX_FEE_PER_GAS_WEI = 100_000_000_000n

/** As an extension does it: before any script of the page, in every frame. */
const IN_PAGE = `
  const provider = {
    async request(call) {
      const reply = await window.askTestWallet(call)
      if (reply.error) throw Object.assign(new Error(reply.error.message), reply.error)
      return reply.result
    },
  }
  const info = Object.freeze({
    uuid: '350670db-19fa-4704-a166-e52e178b59d2',
    name: 'Harbour <b>Wallet</b>',
    icon: 'data:image/svg+xml,<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"/>',
    rdns: 'example.harbour',
  })
  const announce = () => window.dispatchEvent(
    new CustomEvent('eip6963:announceProvider', { detail: Object.freeze({ info, provider }) }),
  )
  window.addEventListener('eip6963:requestProvider', announce)
  announce()
`

/** Account 1 of the chain holds the money of the tests. */
export async function installTestWallet(
  context: BrowserContext,
  chain: LocalChain,
): Promise<TestWallet> {
  const dev = chain.accounts[1] as { privateKey: `0x${string}` }
  const account = privateKeyToAccount(dev.privateKey)
  const wallet: TestWallet = { calls: [], networks: new Set([ETHEREUM]), answer: 'confirm' }
  let chainId = ETHEREUM

  async function sendTransaction({ from, to, value, data }: any): Promise<Reply> {
    if (wallet.answer === 'refuse') return refuse(4001, 'User rejected the request.')
    if (from !== account.address) return refuse(4100, 'Not an account of this wallet.')
    const nonce = Number(await chain.rpc('eth_getTransactionCount', [from, 'pending']))
    const raw = await account.signTransaction({
      chainId,
      to,
      value: BigInt(value),
      data,
      nonce,
      gas: GAS_LIMIT,
      maxFeePerGas: MAX_FEE_PER_GAS_WEI,
      maxPriorityFeePerGas: 1n,
    })
    return { result: await chain.sendRaw(raw) }
  }

  async function answer({ method, params = [] }: Call): Promise<Reply> {
    wallet.calls.push({ method, params })
    switch (method) {
      case 'eth_requestAccounts':
        return { result: [account.address] }
      case 'eth_chainId':
        return { result: toHex(chainId) }
      case 'wallet_addEthereumChain':
        wallet.networks.add(Number(params[0].chainId))
        return { result: null }
      case 'wallet_switchEthereumChain': {
        const wanted = Number(params[0].chainId)
        if (!wallet.networks.has(wanted)) return refuse(4902, 'Unrecognized chain ID.')
        chainId = wanted
        return { result: null }
      }
      case 'eth_sendTransaction':
        return sendTransaction(params[0])
      default:
        return refuse(4200, `Unsupported method ${method}.`)
    }
  }

  await context.exposeFunction('askTestWallet', answer)
  await context.addInitScript(IN_PAGE)
  return wallet
}

function refuse(code: number, message: string): Reply {
  return { error: { code, message } }
}
