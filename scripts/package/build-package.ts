import { createHash } from 'node:crypto'
import {
  chmodSync,
  cpSync,
  globSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { ROOT, runCommand } from '../run-command.ts'
import { runNpm } from './run-npm.ts'
import { publishedLock, publishedManifest, readLock, readManifest } from './runtime-lock.ts'
import { createSbom } from './sbom.ts'

export type BuiltPackage = {
  /** Path of the `.tgz`. */
  readonly tarball: string
  /** Of the tarball, hex: the same for the same sources, wherever and whenever it is built. */
  readonly sha256: string
  /** Path of the bill of materials. */
  readonly sbom: string
}

/** What goes along as it is: what people read, and what pages are served. */
const COPIED: readonly (readonly [from: string, to: string])[] = [
  ['README.md', 'README.md'],
  ['LICENSE', 'LICENSE'],
  ['docs', 'docs'],
  ['src/entrypoints/http/assets', 'dist/entrypoints/http/assets'],
]
/** The one file that is started by its name. */
const LAUNCHER = 'dist/entrypoints/cli/quittance.js'

/**
 * Builds the package that is published into a folder, which is emptied first: JavaScript, since Node
 * does not strip types under `node_modules`, its manifest and its lock, packed; the bill of materials
 * beside it. Throws when the compiler or npm fails.
 */
export async function buildPackage(folder: string): Promise<BuiltPackage> {
  const stage = join(folder, 'package')
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(stage, { recursive: true })
  await compile('src/build.json', stage)
  // Types for those who import it: of the client alone, since nothing else is theirs to import.
  await compile('src/client', stage)
  for (const [from, to] of COPIED) cpSync(join(ROOT, from), join(stage, to), { recursive: true })
  const manifest = readManifest()
  const lock = publishedLock(readLock(), manifest)
  writeJson(join(stage, 'package.json'), publishedManifest(manifest))
  writeJson(join(stage, 'npm-shrinkwrap.json'), lock)
  settleModes(stage)
  const tarball = pack(stage, folder)
  const sbom = join(folder, `${manifest.name}-${manifest.version}.cdx.json`)
  writeJson(sbom, createSbom(stage, manifest.name))
  const sha256 = createHash('sha256').update(readFileSync(tarball)).digest('hex')
  return { tarball, sha256, sbom }
}

async function compile(project: string, stage: string): Promise<void> {
  const code = await runCommand('tsc', ['-p', project, '--outDir', join(stage, 'dist')])
  if (code !== 0) throw new Error('the compiler found faults')
}

function writeJson(path: string, value: unknown): void {
  writeFileSync(path, `${JSON.stringify(value, null, 2)}\n`)
}

/** npm packs the modes it finds, and those follow the umask of whoever builds. */
function settleModes(stage: string): void {
  for (const path of globSync('**/*', { cwd: stage })) {
    const full = join(stage, path)
    if (statSync(full).isFile()) chmodSync(full, path === LAUNCHER ? 0o755 : 0o644)
  }
}

function pack(stage: string, folder: string): string {
  const run = runNpm(['pack', '--json', '--pack-destination', folder], stage)
  if (!run.ok) throw new Error(`npm pack failed: ${run.stderr}`)
  const [file] = globSync('*.tgz', { cwd: folder })
  return join(folder, file as string)
}
