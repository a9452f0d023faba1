/** The thread of check-integrity.ts: reads the file at `workerData`, and tells whether it is sound. */
import { parentPort, workerData } from 'node:worker_threads'
import Database from 'better-sqlite3'
import { isSound } from './check-integrity.ts'

const db = new Database(workerData as string, { readonly: true })
parentPort?.postMessage(isSound(db))
db.close()
