/** A chain behind three nodes, of which one shows another branch: who is believed, and who is not. */
import { beforeAll, expect, test } from 'vitest'
import type { FaultProxy } from '../support/fault-proxy.ts'
import { waitFor } from '../support/gateway-process.ts'
import { expectCreditedAsOnChain } from '../support/oracle.ts'
import { payInvoice, storyOf } from '../support/pay-invoice.ts'
import { skipDevAccounts } from '../support/pay-many.ts'
import { K } from '../support/payment-world.ts'
import { useSeveralNodes } from '../support/proxied-world.ts'

const { world, proxies, first, second, third } = await useSeveralNodes(['first', 'second', 'third'])
beforeAll(() => skipDevAccounts(world))

const readChain = async () => (await world.gateway.request('GET', '/readyz')).body.chains[0]
const readMetric = async (name: string) => {
  const text = await (await fetch(`${world.gateway.url}/metrics`)).text()
  return text.split('\n').filter((line) => line.startsWith(`quittance_${name}{`))
}

/** From this height on the node has blocks of its own, under other hashes. */
function showBranch(node: FaultProxy, from: number) {
  const rename = (hash: string) => `0x${hash[2] === 'a' ? 'b' : 'a'}${hash.slice(3)}`
  node.intercept((method, _, result) => {
    const block = result as { number: string; hash: string; parentHash: string } | null
    if (!method.startsWith('eth_getBlockBy') || block === null) return result
    const number = Number.parseInt(block.number, 16)
    const own = { ...block }
    if (number >= from) own.hash = rename(block.hash)
    if (number > from) own.parentHash = rename(block.parentHash)
    return own
  })
}

/** Every log of these receipts pays the address 10,000 whole tokens. */
function inventTransfer(receipts: unknown, address: string): unknown {
  const changed = structuredClone(receipts) as { logs: { topics: string[]; data: string }[] }[]
  for (const log of changed.flatMap(({ logs }) => logs)) {
    log.topics[2] = `0x${address.slice(2).toLowerCase().padStart(64, '0')}`
    log.data = `0x${(10_000n * 10n ** 18n).toString(16).padStart(64, '0')}`
  }
  return changed
}

test('CR-19 one node stays on a minority fork: it is set aside, the others credit', async () => {
  showBranch(first, (await world.chain.blockNumber()) + 1)
  const invoice = await world.createInvoice()
  await payInvoice(world, invoice)
  await world.chain.mine(1)
  await world.waitForStatus(invoice.id, 'processing')
  await waitFor('quarantine', async () => (await readChain()).providers[0].state === 'quarantined')
  expect(world.gateway.output()).toContain('ALARM: node quarantined')
  const [line] = await readMetric('node_quarantines_total')
  expect(line).toMatch(/reason="minority".* 1$/)
  await world.mine(K)
  await world.waitForStatus(invoice.id, 'settled')
  expect(await readChain()).toMatchObject({
    state: 'ok',
    providers: [{}, { ok: true }, { ok: true }],
  })
  await expectCreditedAsOnChain(world, [invoice])

  first.reset()
  await waitFor('its return', async () => (await readChain()).providers[0].state === 'ok')
  await world.expectCleanState()
}, 40_000)

test('CR-18 two nodes with two hashes at a height: nothing of it until they agree', async () => {
  const invoice = await world.createInvoice()
  third.rules.failure = 'reset'
  await waitFor('the third to be missed', async () => {
    return (await readChain()).providers[2].state === 'open'
  })
  const agreed = await world.chain.blockNumber()
  showBranch(second, agreed + 1)
  await payInvoice(world, invoice)
  await world.chain.mine(K + 1)
  await waitFor('the disagreement', async () => {
    const { state, reason } = await readChain()
    return state === 'behind' && reason === 'providers_disagree'
  })
  const refused = await world.gateway.request('POST', '/v1/invoices', {
    price: { amount: '25.00', currency: 'USD' },
  })
  expect(refused.status).toBe(503)
  // Long enough that whatever was going to be credited would be.
  await new Promise((resolve) => setTimeout(resolve, 1_500))
  expect(await readChain()).toMatchObject({ cursor: agreed, head: agreed })
  expect(await storyOf(world, invoice)).toEqual(['invoice.created'])
  expect(await readMetric('node_conflicts_total')).not.toEqual([])

  second.reset()
  await world.waitForStatus(invoice.id, 'settled')
  await waitFor('agreement', async () => (await readChain()).state === 'ok')
  await expectCreditedAsOnChain(world, [invoice])
  await world.expectCleanState()
}, 40_000)

test('a third node decides where two have different blocks', async () => {
  const invoice = await world.createInvoice()
  third.rules.failure = 'reset'
  await waitFor('two nodes', async () => (await readChain()).providers[2].state === 'open')
  showBranch(first, (await world.chain.blockNumber()) + 1)
  await payInvoice(world, invoice)
  await world.chain.mine(K)
  await waitFor('the disagreement', async () => (await readChain()).reason === 'providers_disagree')
  third.reset()
  await world.waitForStatus(invoice.id, 'settled')
  await waitFor('agreement', async () => (await readChain()).state === 'ok')
  await expectCreditedAsOnChain(world, [invoice])
  await world.expectCleanState()
}, 40_000)

test('CR-17 the node asked first invents a Transfer: never credited, and it is set aside', async () => {
  const victim = await world.createInvoice()
  const paid = await world.createInvoice()
  let liar: number | null = null
  for (const [place, node] of proxies.entries()) {
    node.intercept((method, _, result) => {
      if (method !== 'eth_getBlockReceipts') return result
      liar ??= place
      return liar === place ? inventTransfer(result, victim.address) : result
    })
  }
  await payInvoice(world, paid)
  await world.mine(K)
  await world.waitForStatus(paid.id, 'settled')
  expect(await storyOf(world, victim)).toEqual(['invoice.created'])
  const { state, providers } = await readChain()
  expect(state).toBe('ok')
  expect(providers[liar!]).toMatchObject({ last_fault: 'disproven', state: 'quarantined' })
  expect((await readMetric('node_quarantines_total')).join()).toContain('reason="disproven"')
  await expectCreditedAsOnChain(world, [victim, paid])
  await world.expectCleanState()
}, 40_000)

test('CR-32 the header of one node does not prove: that one is set aside, proofs stay', async () => {
  await waitFor('all nodes', async () =>
    (await readChain()).providers.every(({ state }: any) => state === 'ok'),
  )
  const downgrades = await readMetric('proof_downgrades_total')
  const invoice = await world.createInvoice()
  let liar: number | null = null
  for (const [place, node] of proxies.entries()) {
    node.intercept((method, [, whole], result) => {
      if (method !== 'eth_getBlockByHash' || whole !== true || result === null) return result
      liar ??= place
      return liar === place ? { ...(result as object), extraData: '0xf0' } : result
    })
  }
  await payInvoice(world, invoice)
  await world.mine(K)
  await world.waitForStatus(invoice.id, 'settled')
  const { state, detail, providers } = await readChain()
  expect({ state, detail }).toEqual({ state: 'ok', detail: null })
  expect(providers[liar!]).toMatchObject({ last_fault: 'disproven', state: 'quarantined' })
  for (const other of providers.toSpliced(liar!, 1)) expect(other).toMatchObject({ state: 'ok' })
  expect(await readMetric('proof_downgrades_total')).toEqual(downgrades)
  await expectCreditedAsOnChain(world, [invoice])
  await world.expectCleanState()
}, 40_000)

test('CR-32 no node serves a block that proves: an alarm, and the chain goes on', async () => {
  // As after a fork: a header with content that our hash of it does not know.
  for (const node of proxies) {
    node.intercept((method, _, result) =>
      method.startsWith('eth_getBlockBy') && result !== null
        ? { ...(result as object), extraData: '0xf0' }
        : result,
    )
  }
  const from = await world.chain.blockNumber()
  await world.chain.mine(3)
  await waitFor('the chain to go on', async () => (await readChain()).cursor >= from + 3, 20_000)
  await waitFor('health', async () => (await readChain()).state === 'ok')
  expect((await readChain()).detail).toContain('unproven')
  expect(world.gateway.output()).toContain('ALARM: proofs only observe now')
  expect((await readMetric('proof_downgrades_total')).join()).toMatch(/ 1$/)

  for (const node of proxies) node.reset()
  const invoice = await world.createInvoice()
  await payInvoice(world, invoice)
  await world.mine(K)
  await world.waitForStatus(invoice.id, 'settled')
  expect((await readChain()).detail).toBeNull()
  await world.expectCleanState()
}, 60_000)
