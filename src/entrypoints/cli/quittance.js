#!/usr/bin/env node
// Plain JavaScript that any Node can read: finds a Node that runs the gateway, then hands over.
import { spawn } from 'node:child_process'
import { existsSync, lstatSync, mkdirSync } from 'node:fs'
import nodeModule from 'node:module'
import { constants } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { setFlagsFromString } from 'node:v8'

const MINIMUM = [22, 18]
/** Bits of a mode: its group and all others may write. */
const OTHERS_WRITE = 0o022
const [major, minor] = process.versions.node.split('.').map(Number)

if (major > MINIMUM[0] || (major === MINIMUM[0] && minor >= MINIMUM[1])) {
  // What touches keys is a program of its own: it loads no adapter and no network module.
  const [first, second, ...rest] = process.argv.slice(2)
  if (first === 'keys' && second === 'recover') {
    const { recoverFromWords } = await import('./recover-from-words.ts')
    process.exitCode = await recoverFromWords(rest)
  } else if (
    first === 'keys' ||
    (['sweep', 'payout'].includes(first) && ['sign', 'authorize'].includes(second))
  ) {
    const { runOffline } = await import('./run-offline.ts')
    process.exitCode = (await runOffline(process.argv.slice(first === 'keys' ? 3 : 2))).code
  } else {
    // A recovery leaves nothing behind, like all that touches keys.
    if (first !== 'recover') keepCompiledCode()
    // What the engine forgets of code at rest is missing when the next customers come (docs/adr/0094).
    if (first === 'serve') setFlagsFromString('--no-flush-bytecode')
    await import('../../main.ts')
  }
} else {
  // Its own packages, or those beside it where npm put them together.
  const pinned = ['../../../node_modules/.bin/node', '../../../../.bin/node']
    .map((path) => fileURLToPath(new URL(path, import.meta.url)))
    .find((path) => existsSync(path))
  if (pinned !== undefined) runWith(pinned)
  else {
    console.error(
      `quittance needs Node ${MINIMUM.join('.')} or newer, this is ${process.versions.node}. ` +
        'Run npm ci in its folder (it brings its own Node), or install a newer Node.',
    )
    process.exitCode = 1
  }
}

function runWith(node) {
  const script = fileURLToPath(import.meta.url)
  const child = spawn(node, [...process.execArgv, script, ...process.argv.slice(2)], {
    stdio: 'inherit',
  })
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? 128 + (constants.signals[signal] ?? 0)
  })
}

/**
 * Lets Node keep what it compiled, beside the packages, so that the next start is spared it. Whoever
 * can write there runs code here. So: only where the code belongs to who runs it, in folders that
 * nobody else can write to, and else nowhere. A start without is slower and nothing else.
 */
function keepCompiledCode() {
  const packages = ['../../../node_modules', '../../../..']
    .map((path) => fileURLToPath(new URL(path, import.meta.url)))
    .find((path) => basename(path) === 'node_modules' && existsSync(path))
  const user = process.geteuid?.()
  if (packages === undefined || user === undefined) return
  const folder = join(packages, '.cache', 'quittance')
  try {
    if (lstatSync(fileURLToPath(import.meta.url)).uid !== user) return
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const isOurs = [dirname(folder), folder].every((path) => {
      const { uid, mode } = lstatSync(path)
      return uid === user && (mode & OTHERS_WRITE) === 0
    })
    if (isOurs) nodeModule.enableCompileCache(folder)
  } catch {
    // Not to be written to, as an installation should be.
  }
}
