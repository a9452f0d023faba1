/** A receiver in a process of its own that counts; nothing else shares its time. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { answerParent } from '../support/own-process.ts'

export type ReceiverCommand = 'listen' | 'reset' | 'count'
export type Count = {
  readonly received: number
  /** Over all but the first fifth, in which the sender was still starting. */
  readonly perS: number
}

let arrivalsMs: number[] = []

const server = createServer((req, res) => {
  req.resume()
  req.on('end', () => {
    arrivalsMs.push(performance.now())
    res.writeHead(204).end()
  })
})

function describeCount(): Count {
  const received = arrivalsMs.length
  const from = Math.floor(received / 5)
  const tookMs = (arrivalsMs.at(-1) ?? 0) - (arrivalsMs[from] ?? 0)
  return { received, perS: tookMs > 0 ? (received - 1 - from) / (tookMs / 1_000) : 0 }
}

answerParent((command: ReceiverCommand) => {
  switch (command) {
    case 'listen':
      return new Promise<string>((resolve) => {
        server.listen(0, '127.0.0.1', () => {
          resolve(`127.0.0.1:${(server.address() as AddressInfo).port}`)
        })
      })
    case 'reset':
      arrivalsMs = []
      return null
    case 'count':
      return describeCount()
  }
})
