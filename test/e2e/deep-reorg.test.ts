/** A reorg that reaches below the floor: the chain halts and rewrites nothing. */
import { beforeAll, expect, test } from 'vitest'
import { waitFor } from '../support/gateway-process.ts'
import { expectCreditedAsOnChain } from '../support/oracle.ts'
import { payInvoice, storyOf } from '../support/pay-invoice.ts'
import { skipDevAccounts } from '../support/pay-many.ts'
import { K, usePaymentWorld } from '../support/payment-world.ts'

const MAX_REORG_BLOCKS = 10
const world = usePaymentWorld({ chain: { max_reorg_blocks: MAX_REORG_BLOCKS } })
beforeAll(() => skipDevAccounts(world))

test('CR-11 a reorg of max_reorg_blocks is followed, one block more halts the chain', async () => {
  const shallow = await world.createInvoice()
  await payInvoice(world, shallow)
  await world.mine(MAX_REORG_BLOCKS)
  await world.waitForStatus(shallow.id, 'settled')
  await world.chain.reorg({ depth: MAX_REORG_BLOCKS })
  await world.mine(1)
  await world.waitForStatus(shallow.id, 'reversed')
  await expectCreditedAsOnChain(world, [shallow])

  const deep = await world.createInvoice()
  await payInvoice(world, deep)
  await world.mine(MAX_REORG_BLOCKS + 1)
  const before = await world.waitForStatus(deep.id, 'settled')
  const story = await storyOf(world, deep)
  const cursor = await world.chain.blockNumber()
  await world.chain.reorg({ depth: MAX_REORG_BLOCKS + 1 })
  await world.chain.mine(K)
  await expectHalted(cursor)

  const after = await world.getInvoice(deep.id)
  expect(after).toEqual(before)
  expect(await storyOf(world, deep)).toEqual(story)
  await expectRefused()
  expect((await world.gateway.request('GET', '/healthz')).status).toBe(200)
  expect(world.gateway.output()).toContain('ALARM')
  await world.expectCleanState()

  // A restart forgets nothing, and new blocks on the wrong side change nothing.
  await world.gateway.stop()
  await world.chain.mine(3)
  await world.gateway.start({ expectReady: false })
  await expectHalted(cursor)
  expect(await world.getInvoice(deep.id)).toEqual(before)
  await expectRefused()
  await world.expectCleanState()
})

async function expectHalted(cursor: number) {
  let answer: any
  await waitFor('the chain to halt', async () => {
    answer = await world.gateway.request('GET', '/readyz').catch(() => null)
    return answer?.body.chains?.[0]?.state === 'halted'
  })
  expect(answer.status).toBe(503)
  expect(answer.body.chains).toMatchObject([{ chain_id: 31_337, cursor }])
  expect(answer.body.chains[0].reason).toContain(`more than ${MAX_REORG_BLOCKS} blocks`)
}

async function expectRefused() {
  const price = { amount: '25.00', currency: 'USD' }
  const refused = await world.gateway.request('POST', '/v1/invoices', { price })
  expect(refused.status).toBe(503)
  expect(refused.headers.get('content-type')).toContain('application/problem+json')
  expect(refused.body.code).toBe('chain_unavailable')
}
