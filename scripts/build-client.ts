/**
 * usage: npm run build:client [-- FOLDER]
 *
 * Writes the client as a package of its own, plain JavaScript with types for Node 20 and newer, into
 * FOLDER (default dist/client). `npm pack ./dist/client` makes the file that a shop installs.
 */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import process from 'node:process'
import { ROOT, runCommand } from './run-command.ts'

/** What src/core needs in the parts that the client uses. */
const LIBRARIES = ['@noble/curves', '@noble/hashes', '@scure/bip32']
const ENTRY = './client/quittance-client'

const folder = resolve(process.env.INIT_CWD ?? '.', process.argv[2] ?? join(ROOT, 'dist/client'))
mkdirSync(folder, { recursive: true })
process.exitCode = await runCommand('tsc', ['-p', 'src/client', '--outDir', folder])
if (process.exitCode === 0) {
  writeFileSync(join(folder, 'package.json'), describePackage())
  cpSync(join(ROOT, 'LICENSE'), join(folder, 'LICENSE'))
}

function describePackage(): string {
  const root = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    version: string
    license: string
    dependencies: Record<string, string>
  }
  const dependencies = Object.fromEntries(
    LIBRARIES.map((name) => [name, root.dependencies[name] as string]),
  )
  const description = {
    name: 'quittance',
    version: root.version,
    description: 'Client of the Quittance payment gateway, for servers.',
    license: root.license,
    type: 'module',
    engines: { node: '>=20.3' },
    exports: { './client': { types: `${ENTRY}.d.ts`, default: `${ENTRY}.js` } },
    dependencies,
  }
  return `${JSON.stringify(description, null, 2)}\n`
}
