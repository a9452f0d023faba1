import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { KEYS_MAIN } from './run-keys.ts'

/**
 * SW-07: what runs in one process with a secret. A package that appears here was read, or belongs to
 * one that was; a new one is a decision, not an accident.
 */
const ALLOWED_PACKAGES = [
  'bip39',
  '@scure/bip32',
  '@scure/base',
  '@noble/hashes',
  '@noble/curves',
  'commander',
  // Signs; it brings the next three.
  'viem',
  'abitype',
  'ox',
  '@scure/bip39',
]

const ALLOWED_SOURCES = /^src\/(entrypoints\/keys|core)\/[a-z0-9/-]+\.ts$|^src\/errors\.ts$/

const ALLOWED_NODE = [
  'node:crypto',
  // A plan is read, what was signed is written.
  'node:fs/promises',
  'node:process',
  'node:readline',
  'node:stream',
]

/** commander can start subcommands that are programs; ours has none. */
const COMMANDER_NODE = [
  'node:child_process',
  'node:events',
  'node:fs',
  'node:path',
  'node:process',
  'node:util',
]

const ROOT = new URL('../../', import.meta.url).href

type Edge = { readonly from: string; readonly to: string }

function recordEdges(): Edge[] {
  const preload = fileURLToPath(new URL('record-modules.mjs', import.meta.url))
  const words = 'test test test test test test test test test test test junk'
  const run = spawnSync(process.execPath, ['--import', preload, KEYS_MAIN, 'xpub'], {
    input: words,
    encoding: 'utf8',
  })
  expect(run.status).toBe(0)
  return run.stderr
    .split('\n')
    .filter((line) => line.startsWith('EDGE '))
    .map((line) => {
      const [, from = '', to = ''] = line.split(' ')
      return { from: nameOf(from), to: nameOf(to) }
    })
    .filter((edge) => !edge.from.endsWith('record-modules.mjs') && edge.from !== '')
}

/** A path in the project, the name of a package, or `node:x`. */
function nameOf(url: string): string {
  const inPackage = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)
  if (inPackage !== null) return inPackage[1] as string
  return url.startsWith(ROOT) ? url.slice(ROOT.length) : url
}

describe('SW-07 the modules of the keys tool', () => {
  const edges = recordEdges()

  test('are allow-listed', () => {
    const strangers = edges
      .map((edge) => edge.to)
      .filter((to) => !to.startsWith('node:') && !ALLOWED_SOURCES.test(to))
      .filter((to) => !ALLOWED_PACKAGES.includes(to))
    expect(new Set(strangers)).toEqual(new Set())
    expect(edges.map((edge) => edge.to)).toContain('src/core/keys/deposit-address.ts')
  })

  test('use no part of Node that reaches a network, nor any that is not needed', () => {
    const strangers = edges
      .filter((edge) => edge.to.startsWith('node:'))
      .filter((edge) => !ALLOWED_NODE.includes(edge.to))
      .filter((edge) => edge.from !== 'commander' || !COMMANDER_NODE.includes(edge.to))
    expect(strangers).toEqual([])
  })
})
