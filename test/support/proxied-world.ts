/** A gateway whose nodes misbehave on demand: a payment world with fault proxies in front of its node. */
import { afterAll, afterEach } from 'vitest'
import { type FaultProxy, type Intercept, startFaultProxy } from './fault-proxy.ts'
import { type PaymentWorld, usePaymentWorld, type WorldOptions } from './payment-world.ts'

/** Proofs of a chain on which nothing proves a block: who leaves something out is believed. */
export const NOTHING_PROVEN = {
  header_hash: 'off',
  transactions_root: 'off',
  receipts_root: 'off',
  bloom: 'off',
}

/** Blocks come without their logs; whoever asks for logs by address is told the truth. */
export const withoutLogs: Intercept = (method, _params, result) => {
  if (method !== 'eth_getBlockReceipts') return result
  return (result as object[]).map((receipt) => ({ ...receipt, logs: [] }))
}

/** As `usePaymentWorld`; the proxy is honest again after each test. */
export async function useProxiedWorld(
  options: WorldOptions = {},
): Promise<{ world: PaymentWorld; proxy: FaultProxy }> {
  const { world, proxy } = await useSeveralNodes(['proxy'], options)
  return { world, proxy }
}

/** The same with nodes of these names, in this order: each is a proxy, and all ask one node. */
export async function useSeveralNodes<Name extends string>(
  names: readonly Name[],
  options: WorldOptions = {},
): Promise<Record<Name, FaultProxy> & { world: PaymentWorld; proxies: readonly FaultProxy[] }> {
  // Pointed at the node once there is one.
  const start = () => startFaultProxy({ target: 'http://127.0.0.1:1' })
  const proxies = await Promise.all(names.map(start))
  const urls = proxies.map(({ url }) => url)
  const world = usePaymentWorld({
    ...options,
    chain: { rpc: urls, ...options.chain },
    async rpcOf(node) {
      for (const proxy of proxies) proxy.setTarget(node.url)
      return urls[0] as string
    },
  })
  afterEach(() => {
    for (const proxy of proxies) proxy.reset()
  })
  afterAll(() => Promise.all(proxies.map((proxy) => proxy.stop())))
  const named = Object.fromEntries(names.map((name, i) => [name, proxies[i]]))
  return { ...(named as Record<Name, FaultProxy>), world, proxies }
}
