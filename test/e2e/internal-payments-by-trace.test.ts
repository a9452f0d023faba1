/** Coins that contracts send, found by the traces of each block. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { describeInternalPayments } from '../support/describe-internal-payments.ts'
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts'
import { deployInternalPayers, type InternalPayers } from '../support/internal-payers.ts'
import { expectUntouched, skipDevAccounts } from '../support/pay-many.ts'
import { K, usePaymentWorld } from '../support/payment-world.ts'

const DUE_WEI = 10n ** 16n

let proxy: FaultProxy
const world = usePaymentWorld({
  chain: { native_mode: 'trace' },
  async rpcOf(node) {
    proxy = await startFaultProxy({ target: node.url })
    return proxy.url
  },
})
let payers: InternalPayers
beforeAll(async () => {
  await skipDevAccounts(world)
  payers = await deployInternalPayers(world)
})
afterAll(() => proxy.stop())

describe('by traces', () => {
  test('a frame that the node made up is not counted: the balance did not rise', async () => {
    const invoice = await world.createInvoice({ price: { amount: '0.01', currency: 'ETH' } })
    const value = `0x${DUE_WEI.toString(16)}`
    let lies = 0
    proxy.intercept((method, _params, result) => {
      if (method !== 'debug_traceBlockByHash') return result
      lies += 1
      const [first, ...others] = structuredClone(result) as any[]
      const invented = { type: 'CALL', from: payers.wallet, to: invoice.address, value }
      first.result.calls = [...(first.result.calls ?? []), invented]
      return [first, ...others]
    })
    await world.chain.sendNative({ to: payers.wallet, units: 1n })
    await world.mine(2 * K)
    expect(lies).toBeGreaterThan(0)
    await expectUntouched(world, invoice.id)
    expect(world.gateway.output()).toContain('a trace shows coins that the balance does not')
    proxy.reset()
  })

  describeInternalPayments(world, () => payers, { attributed: true })
})
