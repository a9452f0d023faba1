/** Gas that it takes to collect one token balance of one address, by each way. */
import { connectLocalChain, type LocalChain } from '../../hardhat-local/src/local-chain.ts'
import { startAnvil } from '../../hardhat-local/src/start-anvil.ts'
import type { Address, Asset } from '../../src/core/money/asset.ts'
import type { PlannedTransaction, SweepMethod, SweepStep } from '../../src/core/sweep/sweep-plan.ts'
import type { SignedTransaction } from '../../src/entrypoints/keys/sign-transactions.ts'
import { addressAt, readFactsOf, sendPlan, tokenAsset } from '../../test/support/sweep-world.ts'
import type { Figure } from '../support/figures.ts'

const TREASURY: Address = '0x00000000000000000000000000000000007ea5be'
const SPONSOR_UNITS = 10n ** 20n
/** A balance each; what is left of it afterwards is nothing. */
const UNITS = 1_000_000n
const SMALL = 3
const LARGE = 50
/** Gas for each address, at most: of a fresh batch, and of one that delegated before. */
const MOST_OF_LARGE = 32_000
const MOST_OF_KEPT = 13_000
const MOST_OF_TOP_UP_PERCENT = 62
const TRANSFER = 'a plain transfer from an address that has gas'

type Collection = { method: SweepMethod; clear: boolean; first: number; count: number }

/**
 * Figures of a plain ERC-20, to a treasury that holds some of it already. Gas is the same on every
 * machine; anvil counts as its hard fork says.
 */
export async function measureSweep(): Promise<Figure[]> {
  // The bare node, which is faster; nothing is traced here.
  const node = await startAnvil({ mining: 'manual', gate: false })
  try {
    const chain = connectLocalChain(node.url)
    const { address } = await chain.deployToken({ name: 'USD', symbol: 'USD', decimals: 6 })
    const token = tokenAsset(address.toLowerCase() as Address, 'USD')
    await chain.setBalance(addressAt(1, 0), SPONSOR_UNITS)
    await fund(chain, token, [TREASURY, (chain.accounts[1] as { address: Address }).address])
    const transfer = await measureTransfer(chain, token)
    const collect = (of: Collection) => collectAll(chain, token, of)

    const topUp = await collect({ method: 'top-up', clear: false, first: 0, count: SMALL })
    const first = await collect({ method: 'delegate', clear: false, first: 100, count: SMALL })
    const large = await collect({ method: 'delegate', clear: true, first: 200, count: LARGE })
    await collect({ method: 'delegate', clear: false, first: 300, count: LARGE })
    const again = await collect({ method: 'delegate', clear: false, first: 300, count: LARGE })
    const each = (gas: Gas, steps: readonly SweepStep[], count: number) =>
      steps.reduce((sum, step) => sum + (gas.get(step) ?? 0), 0) / count
    const figure = (name: string, value: number, limit: number | null = null): Figure => ({
      name,
      unit: 'gas',
      value,
      floor: { what: TRANSFER, value: transfer },
      target: limit === null ? null : { kind: 'limit', limit },
    })
    const topUpEach = each(topUp, ['top-up', 'transfer'], SMALL)
    const largeEach = each(large, ['collect'], LARGE)
    return [
      figure('collect: gas sent first, then a transfer', topUpEach),
      figure(`collect: delegations of ${SMALL} in one batch`, each(first, ['collect'], SMALL)),
      figure(`collect: delegations of ${LARGE} in one batch`, largeEach, MOST_OF_LARGE),
      {
        name: `collect: delegations of ${LARGE}, of gas sent first and a transfer`,
        unit: '%',
        value: (100 * largeEach) / topUpEach,
        floor: null,
        target: { kind: 'limit', limit: MOST_OF_TOP_UP_PERCENT },
      },
      figure(`collect: ${LARGE} delegated before`, each(again, ['collect'], LARGE), MOST_OF_KEPT),
      figure(`collect: taking ${LARGE} delegations back`, each(large, ['clear'], LARGE)),
      figure('collect: the delegate, once for a treasury and chain', each(first, ['deploy'], 1)),
    ]
  } finally {
    await node.stop()
  }
}

/** Gas used by step. */
type Gas = ReadonlyMap<PlannedTransaction['step'], number>

async function collectAll(
  chain: LocalChain,
  token: Asset,
  { method, clear, first, count }: Collection,
): Promise<Gas> {
  const indexes = Array.from({ length: count }, (_, i) => first + i)
  await fund(
    chain,
    token,
    indexes.map((index) => addressAt(0, index)),
  )
  const asked = { destination: TREASURY, method, clear, assets: [token], indexes }
  const facts = await readFactsOf(chain, asked)
  const sent = await sendPlan(chain, facts)
  const gas = new Map<PlannedTransaction['step'], number>()
  for (const { planned, hash } of sent) {
    gas.set(planned.step, (gas.get(planned.step) ?? 0) + (await gasOf(chain, hash)))
  }
  for (const index of indexes) {
    const left = await chain.tokenBalance(token.token as Address, addressAt(0, index))
    if (left !== 0n) throw new Error(`${method}: address ${index} was not collected`)
  }
  return gas
}

async function measureTransfer(chain: LocalChain, { token }: Asset): Promise<number> {
  // All of it, as a collection leaves nothing.
  const hash = await chain.sendToken({ token: token as Address, to: TREASURY, units: UNITS })
  await chain.mine()
  return gasOf(chain, hash)
}

async function gasOf(chain: LocalChain, hash: SignedTransaction['hash']): Promise<number> {
  const receipt = await chain.receipt(hash)
  if (receipt?.status !== '0x1') throw new Error(`${hash} failed`)
  return Number(receipt.gasUsed)
}

async function fund(chain: LocalChain, { token }: Asset, to: readonly Address[]): Promise<void> {
  for (const address of to) await chain.mint(token as Address, address, UNITS)
  await chain.mine()
}
