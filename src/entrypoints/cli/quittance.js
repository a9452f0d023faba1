#!/usr/bin/env node
// Plain JavaScript that any Node can read: finds a Node that runs the gateway, then hands over.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { constants } from 'node:os'
import { fileURLToPath } from 'node:url'

const MINIMUM = [22, 18]
const [major, minor] = process.versions.node.split('.').map(Number)

if (major > MINIMUM[0] || (major === MINIMUM[0] && minor >= MINIMUM[1])) {
  // What touches keys is a program of its own: it loads no adapter and no network module.
  if (process.argv[2] === 'keys' && process.argv[3] === 'recover') {
    const { recoverFromWords } = await import('./recover-from-words.ts')
    process.exitCode = await recoverFromWords(process.argv.slice(4))
  } else if (process.argv[2] === 'keys') {
    process.argv.splice(2, 1)
    await import('../keys/main.ts')
  } else if (process.argv[2] === 'sweep' && process.argv[3] === 'sign') {
    await import('../keys/main.ts')
  } else {
    await import('../../main.ts')
  }
} else {
  const pinned = fileURLToPath(new URL('../../../node_modules/.bin/node', import.meta.url))
  if (existsSync(pinned)) runWith(pinned)
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
