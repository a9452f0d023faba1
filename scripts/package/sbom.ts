import { runNpm } from './run-npm.ts'

export type Sbom = {
  readonly components: readonly {
    readonly name: string
    readonly version: string
    readonly hashes?: readonly { readonly alg: string; readonly content: string }[]
  }[]
  readonly [field: string]: unknown
}

/**
 * The bill of materials (CycloneDX 1.5) of the lock file in a folder: every package that is installed
 * in production, with its version, its hash and what needs it. npm's random serial number, its time
 * and the name of the folder are left out, so that one lock file has one bill. Throws when npm fails.
 */
export function createSbom(folder: string, name: string): Sbom {
  const run = runNpm(
    ['sbom', '--sbom-format', 'cyclonedx', '--omit', 'dev', '--package-lock-only'],
    folder,
  )
  if (!run.ok) throw new Error(`npm sbom failed: ${run.stderr}`)
  const { serialNumber: _serial, ...bill } = JSON.parse(run.stdout)
  const { timestamp: _at, ...metadata } = bill.metadata
  return { ...bill, metadata: { ...metadata, component: { ...metadata.component, name } } }
}
