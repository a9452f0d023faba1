/**
 * The least an invoice API on this stack can do: express, a strict zod schema, one durable row per
 * request; the rows of one turn of the event loop share a transaction.
 */
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import Database from 'better-sqlite3'
import express from 'express'
import * as z from 'zod'
import { answerParent } from '../support/own-process.ts'

const bodySchema = z.strictObject({
  price: z.strictObject({ amount: z.string(), currency: z.string().min(1).max(32) }),
  accept: z.array(z.string()).min(1).max(100).optional(),
  order_id: z.string().max(256).nullish(),
  description: z.string().max(1_000).nullish(),
  metadata: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).nullish(),
  expires_in: z.int().min(1).optional(),
})

const folder = mkdtempSync(join(tmpdir(), 'quittance-bench-floor-'))
process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
const db = new Database(join(folder, 'floor.db'))
db.pragma('journal_mode = WAL')
db.pragma('synchronous = FULL')
db.exec('CREATE TABLE invoices (id TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT')
const insert = db.prepare('INSERT INTO invoices (id, body) VALUES (?, ?)')

type Waiting = { readonly id: string; readonly body: string; done(): void }
let waiting: Waiting[] = []

const flush = () => {
  const group = waiting
  waiting = []
  db.transaction(() => {
    for (const { id, body } of group) insert.run(id, body)
  }).immediate()
  for (const { done } of group) done()
}

function save(id: string, body: string): Promise<void> {
  return new Promise((done) => {
    if (waiting.push({ id, body, done }) === 1) setImmediate(flush)
  })
}

const app = express()
app.use(express.json())
app.post('/v1/invoices', async (req, res) => {
  const invoice = { id: randomUUID(), ...bodySchema.parse(req.body) }
  await save(invoice.id, JSON.stringify(invoice))
  res.status(201).json(invoice)
})

answerParent(
  () =>
    new Promise((resolve) => {
      const server = app.listen(0, '127.0.0.1', () => {
        resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
      })
    }),
)
