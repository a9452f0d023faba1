/** A receiver in a process of its own, some of whose endpoints fail: when first attempts arrived. */
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { answerParent } from '../support/own-process.ts'

/** `mute` says nothing until the sender gives up. */
export type Behaviour = 'ok' | 'error' | 'reset' | 'mute'
export type AttemptsCommand = 'listen' | 'waits'
/** Milliseconds from the time of an event to its first attempt, by what the endpoint does. */
export type Waits = Readonly<Record<Behaviour, readonly number[]>>

const BEHAVIOURS: readonly Behaviour[] = ['ok', 'error', 'reset', 'mute']
const waits = Object.fromEntries(BEHAVIOURS.map((one) => [one, [] as number[]])) as Record<
  Behaviour,
  number[]
>
const seen = new Set<string>()

const server = createServer(async (req, res) => {
  const atMs = Date.now()
  const chunks: Buffer[] = []
  for await (const chunk of req) chunks.push(chunk as Buffer)
  const behaviour = BEHAVIOURS.find((one) => req.url?.startsWith(`/${one}/`))
  if (behaviour !== undefined && isFirst(`${req.url} ${req.headers['webhook-id']}`)) {
    const { timestamp } = JSON.parse(Buffer.concat(chunks).toString('utf8'))
    waits[behaviour].push(atMs - Date.parse(timestamp))
  }
  answer(behaviour ?? 'ok', res)
})

function isFirst(attempt: string): boolean {
  if (seen.has(attempt)) return false
  seen.add(attempt)
  return true
}

function answer(behaviour: Behaviour, res: ServerResponse): void {
  if (behaviour === 'mute') return
  if (behaviour === 'reset') res.socket?.destroy()
  else res.writeHead(behaviour === 'error' ? 500 : 204).end()
}

answerParent((command: AttemptsCommand) => {
  if (command === 'waits') return waits
  return new Promise<string>((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      resolve(`127.0.0.1:${(server.address() as AddressInfo).port}`)
    })
  })
})
