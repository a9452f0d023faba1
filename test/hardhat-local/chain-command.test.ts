import { expect, test } from 'vitest'
import { runChainCommand } from '../../hardhat-local/scripts/chain.ts'
import { useLocalChain } from '../support/local-chain.ts'

const RECIPIENT = '0x00000000000000000000000000000000000beef2'

const local = useLocalChain()

test('mines, transfers and reorganises', async () => {
  const { chain } = local
  const { address: token } = await chain.deployToken({ name: 'Dollar', symbol: 'USD', decimals: 6 })
  expect(await runChainCommand(chain, ['mine'])).toBe('head is block 1')

  expect(await runChainCommand(chain, ['transfer', '--native', RECIPIENT, '0.5'])).toMatch(/^sent/)
  const payment = ['transfer', '--token', token, RECIPIENT, '12.34']
  expect(await runChainCommand(chain, payment)).toMatch(/^sent 0x[0-9a-f]{64}$/)
  expect(await runChainCommand(chain, ['mine', '2'])).toBe('head is block 3')
  expect(await chain.nativeBalance(RECIPIENT)).toBe(500_000_000_000_000_000n)
  expect(await chain.tokenBalance(token, RECIPIENT)).toBe(12_340_000n)

  expect(await runChainCommand(chain, ['reorg', '2'])).toMatch(/^replaced 2 blocks/)
  expect(await chain.nativeBalance(RECIPIENT)).toBe(0n)
})

test.each([
  [[]],
  [['mine', '0']],
  [['reorg']],
  [['transfer', RECIPIENT, '1']],
  [['transfer', '--native', '0x12', '1']],
])('refuses %j', async (argv) => {
  await expect(runChainCommand(local.chain, argv)).rejects.toThrow()
})
