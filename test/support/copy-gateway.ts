/** A second installation as the first one is now: one knows what the other has seen, and no more. */
import { cpSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { type GatewayProcess, prepareGateway } from './gateway-process.ts'

const DATABASE = 'quittance.db'

/** May be taken while the first one runs. The copy has a port and an API key of its own. */
export async function copyGateway({ configPath, folder }: GatewayProcess): Promise<GatewayProcess> {
  const copy = await prepareGateway({ config: JSON.parse(readFileSync(configPath, 'utf8')) })
  const [from, to] = [folder, copy.folder].map((path) => join(path, 'data')) as [string, string]
  // The lock is that of the process that runs; the database is copied by SQLite itself.
  const isState = (path: string) => !path.endsWith('.lock') && !path.includes(DATABASE)
  cpSync(from, to, { recursive: true, filter: isState })
  const database = new Database(join(from, DATABASE), { readonly: true })
  try {
    await database.backup(join(to, DATABASE))
  } finally {
    database.close()
  }
  return copy
}
