import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { MiningRule } from './judge-body.ts'

/** To the thread: let calls through to this node. */
export type GateOrder = { readonly nodePort: number; readonly rule: MiningRule }
/** From the thread, once: where it listens, or why it does not. */
export type GateReport = { readonly port: number } | { readonly refusal: string }

export type Gate = {
  readonly port: number
  open(nodePort: number, rule: MiningRule): void
  /** Cuts off whoever calls. Safe to call twice. */
  stop(): Promise<void>
}

/**
 * Starts a closed gate for one anvil, on this loopback port or any. It keeps traces and the mining
 * of blocks apart, at which anvil 1.7.1 hangs for ever when they meet.
 *
 * It runs in a thread: it goes on while this one is busy, and cannot outlive the process. A thread
 * that was forgotten does not keep the process from ending.
 */
export async function startGate(port = 0): Promise<Gate> {
  const thread = new Worker(new URL('./gate-thread.ts', import.meta.url), {
    workerData: { port },
    // A loader of whoever started this process is none of the thread's business.
    execArgv: [],
  })
  const stop = async () => {
    thread.ref()
    await thread.terminate()
  }
  const [report] = (await once(thread, 'message')) as [GateReport]
  if ('refusal' in report) {
    await stop()
    throw new Error(report.refusal)
  }
  thread.unref()
  return {
    port: report.port,
    open: (nodePort, rule) => thread.postMessage({ nodePort, rule } satisfies GateOrder),
    stop,
  }
}
