/** The thread of check-integrity.ts: reads the file of its task, and tells whether it is sound. */
import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import Database from 'better-sqlite3'
import { type IntegrityTask, isSound } from './check-integrity.ts'

const WAIT_MS = 10

const { path, waitsFor } = workerData as IntegrityTask
while (waitsFor !== null && existsSync(waitsFor)) await sleep(WAIT_MS)
const db = new Database(path, { readonly: true })
parentPort?.postMessage(isSound(db))
db.close()
