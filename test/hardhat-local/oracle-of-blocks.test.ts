/** The second opinion on blocks (test/support/sealed-blocks) agrees with a node that executes. */
import { keccak256, numberToHex } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { expect, test } from 'vitest'
import type { LocalChain } from '../../hardhat-local/src/local-chain.ts'
import { useLocalChain } from '../support/local-chain.ts'
import {
  computeBloom,
  computeReceiptsRoot,
  computeTransactionsRoot,
  encodeTransaction,
  hashHeader,
  type Json,
} from '../support/sealed-blocks/encode-block.ts'

const local = useLocalChain()
const SHOP = '0x00000000000000000000000000000000000050b5'

async function expectAgreement(chain: LocalChain): Promise<{ block: Json; receipts: Json[] }> {
  const block = await chain.rpc<Json>('eth_getBlockByNumber', ['latest', true])
  const receipts = await chain.rpc<Json[]>('eth_getBlockReceipts', ['latest'])
  expect(hashHeader(block)).toBe(block.hash)
  expect(computeTransactionsRoot(block.transactions)).toBe(block.transactionsRoot)
  expect(computeReceiptsRoot(receipts)).toBe(block.receiptsRoot)
  expect(computeBloom(receipts.flatMap(({ logs }) => logs))).toBe(block.logsBloom)
  for (const transaction of block.transactions) {
    expect(keccak256(encodeTransaction(transaction))).toBe(transaction.hash)
  }
  return { block, receipts }
}

test('an empty block', async () => {
  await local.chain.mine(1)
  expect((await expectAgreement(local.chain)).receipts).toEqual([])
})

test('every type of transaction a wallet sends, failures and creations among them', async () => {
  const { chain } = local
  const token = await chain.deployToken({ name: 'Coin', symbol: 'COIN', decimals: 6 })
  const reverter = await chain.deploy('Reverter')
  await chain.mine(1)
  const [, payer] = chain.accounts
  const account = privateKeyToAccount(payer!.privateKey)
  await chain.mint(token.address, payer!.address, 1_000n)
  const common = {
    chainId: 31_337,
    gas: 200_000n,
    maxFeePerGas: 10n ** 11n,
    maxPriorityFeePerGas: 10n ** 9n,
    to: SHOP,
    value: 7n,
  } as const
  const accessList = [{ address: token.address, storageKeys: [numberToHex(1, { size: 32 })] }]
  const authorization = await account.signAuthorization({
    chainId: 31_337,
    address: token.address,
    nonce: 3,
  })
  const { maxFeePerGas: gasPrice, maxPriorityFeePerGas: _, ...priced } = common
  const raws = [
    await account.signTransaction({ ...priced, type: 'legacy', gasPrice, nonce: 0 }),
    await account.signTransaction({ ...priced, type: 'eip2930', gasPrice, accessList, nonce: 1 }),
    await account.signTransaction({ ...common, type: 'eip1559', accessList, nonce: 2 }),
    await account.signTransaction({
      ...common,
      type: 'eip7702',
      authorizationList: [authorization],
      nonce: 3,
    }),
  ]
  for (const raw of raws) await chain.sendRaw(raw)
  await chain.sendNative({ from: chain.accounts[2]!, to: reverter.address, units: 5n })
  await chain.mine(1)
  const { block, receipts } = await expectAgreement(chain)
  const types = block.transactions.map(({ type }: Json) => type)
  expect(types.slice(1)).toEqual(['0x0', '0x1', '0x2', '0x4', '0x2'])
  expect(receipts.map(({ status }) => status)).toContain('0x0')
  expect(receipts.flatMap(({ logs }) => logs)).not.toEqual([])
})

test('more transactions than a byte counts', async () => {
  const { chain } = local
  const from = chain.accounts[3]!
  for (let nonce = 0; nonce < 300; nonce += 1) {
    await chain.sendNative({ from, to: SHOP, units: BigInt(nonce + 1), nonce, gasLimit: 21_000n })
  }
  await chain.mine(1)
  const { block } = await expectAgreement(chain)
  expect(block.transactions).toHaveLength(300)
})
