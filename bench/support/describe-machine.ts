/** Where and with what was measured: a figure without it says nothing. */
import { readFileSync } from 'node:fs'
import { arch, cpus, loadavg, platform, release, totalmem } from 'node:os'
import process from 'node:process'
import Database from 'better-sqlite3'

export function describeMachine() {
  const cores = cpus()
  const db = new Database(':memory:')
  const sqlite = String(db.prepare('SELECT sqlite_version()').pluck().get())
  db.close()
  const { version, dependencies } = JSON.parse(
    readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
  ) as { version: string; dependencies: Record<string, string> }
  return {
    at: new Date().toISOString(),
    machine: {
      cpu: cores[0]?.model ?? 'unknown',
      cores: cores.length,
      memory_gb: Math.round(totalmem() / 2 ** 30),
      system: `${platform()} ${release()} ${arch()}`,
      /** Of one minute, at the end: above the number of cores, others were at work too. */
      load_average: loadavg()[0],
    },
    versions: {
      quittance: version,
      node: process.versions.node,
      sqlite,
      'better-sqlite3': dependencies['better-sqlite3'],
      express: dependencies.express,
    },
  }
}
