/** The import table of the architecture as data, and every import of src held against it. */
import { describe, expect, test } from 'vitest'
import { type Import, readImports, readSources, type SourceFile } from './read-sources.ts'

/** A prefix of paths or packages; `types:` in front allows it to `import type` only. */
type Allowed = readonly string[]
type Layer = { readonly prefix: string; readonly may: Allowed }

const ERRORS = 'src/errors.ts'
const PURE = ['src/core/', ERRORS]

/** The first layer whose prefix fits a file is its own; its own folder is always allowed. */
const LAYERS: readonly Layer[] = [
  { prefix: ERRORS, may: [] },
  { prefix: 'src/core/', may: ['@scure/bip32', '@noble/curves/', '@noble/hashes/'] },
  {
    // Runs at a shop, on an older Node too: rules without I/O that both sides share, and no library.
    prefix: 'src/client/',
    may: ['src/core/keys/', 'src/core/money/', 'src/core/webhook/', `types:${ERRORS}`],
  },
  { prefix: 'src/ports/', may: ['types:src/core/'] },
  { prefix: 'src/operations/', may: [...PURE, 'types:src/ports/'] },
  { prefix: 'src/config', may: [...PURE, 'src/config/', 'zod', 'node:'] },
  ...[
    'evm-rpc',
    'sqlite',
    'postgres',
    'rates',
    'webhook-http',
    'system',
    'memory',
    'test-chain',
  ].map((name) => ({
    prefix: `src/adapters/${name}/`,
    may: [...PURE, 'types:src/ports/', 'node:', ...(LIBRARIES_OF()[name] ?? [])],
  })),
  {
    // A composition root of its own: no adapter, no port, no operation; see test/keys/module-graph.
    prefix: 'src/entrypoints/keys/',
    may: [...PURE, 'bip39', '@scure/bip32', 'commander', 'viem', ...keysNodeModules()],
  },
  {
    prefix: 'src/entrypoints/http/',
    may: [
      ...entrypoint(),
      'express',
      'express-rate-limit',
      'helmet',
      'zod',
      'uqr',
      'types:src/config',
    ],
  },
  { prefix: 'src/entrypoints/workers/', may: [...entrypoint(), 'types:src/config'] },
  {
    // The command line starts the gateway; the keys tool is a process of its own.
    prefix: 'src/entrypoints/cli/',
    may: [...entrypoint(), 'commander', 'src/config', 'src/gateway.ts', 'src/main.ts'],
  },
  { prefix: 'src/gateway.ts', may: compositionRoot() },
  {
    // `doctor` tries the adapters one by one; main.ts hands it to the command.
    prefix: 'src/examine-installation.ts',
    may: [...compositionRoot(), 'src/gateway.ts', 'types:src/entrypoints/cli/'],
  },
  { prefix: 'src/main.ts', may: ['src/', 'node:', 'commander'] },
]

function entrypoint(): Allowed {
  return [...PURE, 'types:src/ports/', 'src/operations/', 'node:']
}

function compositionRoot(): Allowed {
  return [
    ...PURE,
    'types:src/ports/',
    'src/operations/',
    'src/adapters/',
    'src/config',
    'src/entrypoints/http/',
    'src/entrypoints/workers/',
    'node:',
  ]
}

function keysNodeModules(): Allowed {
  return ['node:crypto', 'node:fs/promises', 'node:process', 'node:readline', 'node:stream']
}

/** Each adapter's own library: nobody else may know it. */
function LIBRARIES_OF(): Readonly<Record<string, Allowed>> {
  return {
    'evm-rpc': ['hash-wasm'],
    sqlite: ['better-sqlite3'],
    postgres: ['pg', 'kysely'],
    rates: [],
    'webhook-http': ['ipaddr.js'],
    system: ['pino', 'prom-client'],
  }
}

/** Why this import is refused, or null. */
function judgeImport(from: string, { target, typeOnly }: Import): string | null {
  const layer = LAYERS.find(({ prefix }) => from.startsWith(prefix))
  if (layer === undefined) return 'the file stands in no layer of the table'
  if (layer.prefix.endsWith('/') && target.startsWith(layer.prefix)) {
    return layer.prefix === 'src/ports/' && !typeOnly ? 'ports are types: use import type' : null
  }
  const fits = layer.may.find((allowed) => isUnder(target, allowed.replace('types:', '')))
  if (fits === undefined) return `${layer.prefix} may not import ${target}`
  if (fits.startsWith('types:') && !typeOnly) return `${target} may be imported as type only`
  return null
}

function isUnder(target: string, allowed: string): boolean {
  if (allowed.startsWith('src/') || allowed.endsWith('/') || allowed.endsWith(':')) {
    return target.startsWith(allowed)
  }
  return target === allowed || target.startsWith(`${allowed}/`)
}

/** Floors of the core, lowest first. An import goes to a lower floor or stays in its folder. */
const FLOORS: readonly (readonly string[])[] = [
  ['assert.ts', 'time.ts', 'ids.ts'],
  ['money'],
  ['keys'],
  ['chain', 'webhook'],
  ['proof'],
  ['payment', 'store-account', 'alert'],
  ['invoice', 'sweep'],
  ['payout', 'refund'],
  ['change-set.ts'],
  ['settlement', 'audit.ts'],
]

function judgeFloor(from: string, target: string): string | null {
  const [own, other] = [from, target].map((path) => path.split('/')[2] as string)
  const [here, there] = [own, other].map((name) =>
    FLOORS.findIndex((floor) => floor.includes(name as string)),
  ) as [number, number]
  if (here < 0) return `${own} stands on no floor of the core`
  if (there < 0) return `${other} stands on no floor of the core`
  if (own === other || there < here || (here === 0 && there === 0)) return null
  return `${own} (floor ${here}) may not import ${other} (floor ${there})`
}

const sources = readSources(['src'])

/** All refusals of a judge over all imports, as lines a reader can act on. */
function findRefusals(judge: (file: SourceFile, found: Import) => string | null): string[] {
  return sources.flatMap((file) =>
    readImports(file).flatMap((found) => {
      const reason = judge(file, found)
      return reason === null ? [] : [`${file.path}: ${reason}`]
    }),
  )
}

describe('the import table', () => {
  test('holds for every import of src', () => {
    expect(findRefusals((file, found) => judgeImport(file.path, found))).toEqual([])
  })

  test('every file is in a layer, and the walk found the project', () => {
    expect(sources.length).toBeGreaterThan(50)
    const homeless = sources.filter(
      ({ path }) => !LAYERS.some((each) => path.startsWith(each.prefix)),
    )
    expect(homeless.map(({ path }) => path)).toEqual([])
  })

  test('no import leaves src', () => {
    const outside = (_file: SourceFile, { target }: Import) =>
      target.startsWith('..') || /^(test|scripts|hardhat-local|examples|bench)\//.test(target)
        ? `${target} is outside src`
        : null
    expect(findRefusals(outside)).toEqual([])
  })

  // biome-ignore format: a table reads better in rows
  test.each<[string, string, boolean, boolean]>([
    ['src/core/money/decimal.ts', 'src/core/assert.ts', false, true],
    ['src/core/money/decimal.ts', 'node:crypto', false, false],
    ['src/core/money/decimal.ts', 'viem', false, false],
    ['src/core/money/decimal.ts', 'viem/utils', false, false],
    ['src/core/money/decimal.ts', '@noble/hashes/sha3', false, true],
    ['src/core/money/decimal.ts', 'src/errors.ts', false, false],
    ['src/core/money/decimal.ts', 'src/ports/store.ts', true, false],
    ['src/ports/store.ts', 'src/core/invoice/invoice.ts', true, true],
    ['src/ports/store.ts', 'src/core/invoice/invoice.ts', false, false],
    ['src/operations/sync-chain.ts', 'src/ports/store.ts', true, true],
    ['src/operations/sync-chain.ts', 'src/ports/store.ts', false, false],
    ['src/operations/sync-chain.ts', 'src/adapters/sqlite/sqlite-store.ts', true, false],
    ['src/operations/sync-chain.ts', 'node:fs', false, false],
    ['src/adapters/sqlite/sqlite-store.ts', 'better-sqlite3', false, true],
    ['src/adapters/sqlite/sqlite-store.ts', 'src/adapters/system/clock.ts', false, false],
    ['src/adapters/system/logger.ts', 'better-sqlite3', false, false],
    ['src/adapters/webhook-http/webhook-sender.ts', 'src/operations/deps.ts', true, false],
    ['src/entrypoints/http/server.ts', 'express', false, true],
    ['src/entrypoints/workers/run-loop.ts', 'express', false, false],
    ['src/entrypoints/http/server.ts', 'src/adapters/sqlite/sqlite-store.ts', true, false],
    ['src/entrypoints/http/server.ts', 'src/entrypoints/workers/run-loop.ts', false, false],
    ['src/entrypoints/keys/main.ts', 'node:http', false, false],
    ['src/entrypoints/keys/main.ts', 'src/adapters/system/id-source.ts', false, false],
    ['src/gateway.ts', 'src/adapters/sqlite/sqlite-store.ts', false, true],
    ['src/client/verify-invoice.ts', 'src/core/keys/deposit-address.ts', false, true],
    ['src/client/verify-invoice.ts', 'src/errors.ts', false, false],
    ['src/client/send-request.ts', 'node:crypto', false, false],
    ['src/client/send-request.ts', 'src/core/invoice/invoice.ts', true, false],
    ['src/entrypoints/http/server.ts', 'src/client/quittance-client.ts', false, false],
    ['src/errors.ts', 'src/core/assert.ts', false, false],
    ['src/surprise/new.ts', 'src/core/assert.ts', false, false],
  ])('%s -> %s (type only: %s): allowed %s', (from, target, typeOnly, allowed) => {
    expect(judgeImport(from, { target, typeOnly }) === null).toBe(allowed)
  })
})

describe('the floors of the core', () => {
  test('are only ever walked down', () => {
    const judge = (file: SourceFile, { target }: Import) =>
      file.path.startsWith('src/core/') && target.startsWith('src/core/')
        ? judgeFloor(file.path, target)
        : null
    expect(findRefusals(judge)).toEqual([])
  })

  // biome-ignore format: a table reads better in rows
  test.each<[string, string, boolean]>([
    ['src/core/invoice/invoice.ts', 'src/core/money/asset.ts', true],
    ['src/core/money/asset.ts', 'src/core/invoice/invoice.ts', false],
    ['src/core/chain/block.ts', 'src/core/webhook/event.ts', false],
    ['src/core/chain/block.ts', 'src/core/payment/payment.ts', false],
    ['src/core/settlement/settlement.ts', 'src/core/change-set.ts', true],
    ['src/core/change-set.ts', 'src/core/settlement/settlement.ts', false],
    ['src/core/ids.ts', 'src/core/assert.ts', true],
    ['src/core/assert.ts', 'src/core/money/asset.ts', false],
    ['src/core/surprise/new.ts', 'src/core/assert.ts', false],
  ])('%s -> %s: allowed %s', (from, target, allowed) => {
    expect(judgeFloor(from, target) === null).toBe(allowed)
  })
})

/** Parts of operations that entrypoints need too; they do nothing by themselves. */
const PARTS = [
  'src/operations/deps.ts',
  // Reads the key of a request; the verbs keep the record of it.
  'src/operations/idempotency.ts',
]

describe('operations', () => {
  test('a verb that entrypoints call is called by no other operation', () => {
    const calls = sources.flatMap((file) =>
      readImports(file)
        .filter(({ typeOnly, target }) => !typeOnly && target.startsWith('src/operations/'))
        .map(({ target }) => ({ from: file.path, target })),
    )
    const verbs = new Set(
      calls.filter(({ from }) => from.startsWith('src/entrypoints/')).map(({ target }) => target),
    )
    const sideways = calls.filter(
      ({ from, target }) =>
        from.startsWith('src/operations/') && verbs.has(target) && !PARTS.includes(target),
    )
    expect(sideways).toEqual([])
  })
})

describe('cycles', () => {
  test('no file is reached from itself by imports that run', () => {
    const graph = new Map(
      sources.map((file) => [
        file.path,
        readImports(file)
          .filter(({ typeOnly }) => !typeOnly)
          .map(({ target }) => target),
      ]),
    )
    const done = new Set<string>()
    const cycles: string[] = []
    const walk = (path: string, trail: readonly string[]): void => {
      if (trail.includes(path))
        cycles.push([...trail.slice(trail.indexOf(path)), path].join(' -> '))
      if (trail.includes(path) || done.has(path)) return
      for (const target of graph.get(path) ?? []) walk(target, [...trail, path])
      done.add(path)
    }
    for (const path of graph.keys()) walk(path, [])
    expect(cycles).toEqual([])
  })
})

describe('reading imports', () => {
  const read = (text: string) =>
    readImports({ path: 'src/core/money/x.ts', text }).map(
      ({ target, typeOnly }) => `${typeOnly ? 'type ' : ''}${target}`,
    )

  // biome-ignore format: a table reads better in rows
  test.each<[string, string[]]>([
    ["import { a } from './b.ts'", ['src/core/money/b.ts']],
    ["import type { A } from '../ids.ts'", ['type src/core/ids.ts']],
    ["import {\n  type A,\n  b,\n} from '../ids.ts'", ['src/core/ids.ts']],
    ["import c, { d as e } from \"viem/utils\"", ['viem/utils']],
    ["import * as fs from 'node:fs'", ['node:fs']],
    ["export { a } from './b.ts'", ['src/core/money/b.ts']],
    ["export type { A } from './b.ts'", ['type src/core/money/b.ts']],
    ["export * from './b.ts'", ['src/core/money/b.ts']],
    ["import './side-effect.ts'", ['src/core/money/side-effect.ts']],
    ["const x = await import('node:net')", ['node:net']],
    ["const x = require('net')", ['net']],
    ["export type A = 'from'\nexport { b } from './b.ts'", ['src/core/money/b.ts']],
    ["// import { a } from './b.ts'", []],
    [" * import { a } from './b.ts'", []],
    ["export const from = 'x'", []],
  ])('%j', (text, imports) => {
    expect(read(text)).toEqual(imports)
  })
})
