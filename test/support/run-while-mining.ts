import { setTimeout as sleep } from 'node:timers/promises'
import type { PaymentWorld } from './payment-world.ts'

/** Runs a command of the tool and mines until it is done, as a chain would. */
export async function runWhileMining({ gateway, chain }: PaymentWorld, ...args: string[]) {
  let isDone = false
  const run = gateway.run(...args).finally(() => {
    isDone = true
  })
  while (!isDone) {
    await chain.mine(1)
    await sleep(200)
  }
  return run
}
