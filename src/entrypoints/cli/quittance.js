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
