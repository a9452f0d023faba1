/**
 * usage: npm run package [-- FOLDER]
 *
 * Builds the package that is published, from a clean folder (default: dist): compiles it, packs it,
 * and writes its bill of materials. Prints the files and the hash. The same sources give the same
 * bytes, so that anybody can tell whether a published package was made of them.
 */
import { relative, resolve } from 'node:path'
import { buildPackage } from './package/build-package.ts'
import { ROOT } from './run-command.ts'

const folder = resolve(ROOT, process.argv[2] ?? 'dist')
const { tarball, sha256, sbom } = await buildPackage(folder)
console.log(`${relative(ROOT, tarball)}\nsha256 ${sha256}\n${relative(ROOT, sbom)}`)
