/** What the thread of a gate runs: see `start-gate.ts`, which speaks with it. */
import type { AddressInfo } from 'node:net'
import { parentPort, workerData } from 'node:worker_threads'
import { createAnvilGate } from './anvil-gate.ts'
import type { GateOrder, GateReport } from './start-gate.ts'

const gate = createAnvilGate()
const report = (message: GateReport) => parentPort?.postMessage(message)

parentPort?.on('message', ({ nodePort, rule }: GateOrder) => gate.open(nodePort, rule))
gate.server.once('error', ({ message }) => report({ refusal: message }))
gate.server.listen(workerData.port, '127.0.0.1', () => {
  report({ port: (gate.server.address() as AddressInfo).port })
})
