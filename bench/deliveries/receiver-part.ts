/** A receiver in a process of its own that counts; nothing else shares its time. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { answerParent, wallMs } from '../support/own-process.ts'

export type ReceiverCommand = 'listen' | 'reset' | 'count'
export type Count = { readonly received: number; readonly firstMs: number; readonly lastMs: number }

let count: Count = { received: 0, firstMs: 0, lastMs: 0 }

const server = createServer((req, res) => {
  req.resume()
  req.on('end', () => {
    const nowMs = wallMs()
    const { received, firstMs } = count
    count = { received: received + 1, firstMs: received === 0 ? nowMs : firstMs, lastMs: nowMs }
    res.writeHead(204).end()
  })
})

answerParent((command: ReceiverCommand) => {
  switch (command) {
    case 'listen':
      return new Promise<string>((resolve) => {
        server.listen(0, '127.0.0.1', () => {
          resolve(`127.0.0.1:${(server.address() as AddressInfo).port}`)
        })
      })
    case 'reset':
      count = { received: 0, firstMs: 0, lastMs: 0 }
      return null
    case 'count':
      return count
  }
})
