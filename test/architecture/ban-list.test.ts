/** What code here does not do, and what it does instead. Exceptions are named, each with its reason. */
import { describe, expect, test } from 'vitest'
import { readSources, type SourceFile, stripComments } from './read-sources.ts'

type Ban = {
  readonly name: string
  readonly pattern: RegExp
  /** `src` binds what runs at a merchant's; `all` binds tests and scripts too. */
  readonly scope: 'src' | 'all'
  readonly instead: string
  /** Prefixes of paths, each with the reason. */
  readonly allowedIn: Readonly<Record<string, string>>
}

const BANS: readonly Ban[] = [
  {
    name: 'Date.now(',
    pattern: /\bDate\.now\(/,
    scope: 'src',
    instead: 'take a Clock, or a time as an argument',
    allowedIn: {
      'src/adapters/system/clock.ts': 'it is the clock',
      'src/entrypoints/http/assets/checkout.js': 'runs in the browser, where no clock is handed in',
      'src/client/verify-webhook.ts':
        "runs in the shop, and is given its clock's time as a default",
    },
  },
  {
    name: 'new Date()',
    pattern: /\bnew Date\(\s*\)/,
    scope: 'src',
    instead: 'take a Clock, or a time as an argument',
    allowedIn: {},
  },
  {
    name: 'performance.now(',
    pattern: /\bperformance\.now\(/,
    scope: 'src',
    instead: 'clock.monotonicMs()',
    allowedIn: { 'src/adapters/system/clock.ts': 'it is the clock' },
  },
  {
    name: 'Math.random',
    pattern: /\bMath\.random\b/,
    scope: 'src',
    instead: 'the id source',
    allowedIn: {},
  },
  {
    name: 'parseFloat(',
    pattern: /\bparseFloat\(/,
    scope: 'src',
    instead: 'core/money/decimal: amounts never become floats',
    allowedIn: {},
  },
  {
    name: 'Number( or parseInt(',
    pattern: /(?<![\w.])Number\(|\bparseInt\(/,
    scope: 'src',
    instead: 'core/money/decimal for amounts; bigint stays bigint',
    allowedIn: {
      'src/client/': 'seconds of a header, places in a path',
      'src/core/money/asset.ts': 'chain ids',
      'src/core/store-account/api-key.ts': 'letters of a key, in base 62',
      'src/core/webhook/': 'seconds, delays and ports; no amounts there',
      'src/config': 'chain ids, ports and places in lists; prices go through parseRate',
      'src/adapters/rates/providers.ts': 'seconds since 1970, digits checked before',
      'src/adapters/evm-rpc/': 'block numbers, decimals and seconds, checked before',
      'src/entrypoints/cli/': 'days and versions',
      'src/entrypoints/http/': 'sizes, limits and chain ids; amounts are strings there',
      'src/entrypoints/http/cursors.ts': 'page limits',
      'src/entrypoints/http/parse-strict-json.ts': 'code points',
      'src/entrypoints/http/read-json-body.ts': 'content-length',
      'src/entrypoints/http/routes/test-routes.ts': 'chain ids',
      'src/entrypoints/keys/parse-options.ts': 'indexes',
    },
  },
  {
    name: 'console.',
    pattern: /\bconsole\./,
    scope: 'src',
    instead: 'the logger; commands write to the stream they are given',
    allowedIn: {
      'src/entrypoints/cli/quittance.js': 'tells an old Node before anything is loaded',
    },
  },
  {
    name: 'process.env',
    pattern: /\bprocess\.env\b/,
    scope: 'src',
    instead: 'config.ts, which is given the environment',
    allowedIn: {
      'src/main.ts': 'hands the environment to config.ts',
    },
  },
  {
    name: 'setInterval(',
    pattern: /\bsetInterval\(/,
    scope: 'src',
    instead: 'the run loop, which waits for the work to end',
    allowedIn: {},
  },
  {
    name: 'class',
    pattern: /^\s*(export\s+)?(abstract\s+)?class\s/m,
    scope: 'src',
    instead: 'functions with dependencies first; state in a closure',
    allowedIn: {
      'src/errors.ts': 'errors are classes by nature',
      'src/entrypoints/http/server.ts': 'Node takes requests and answers as classes',
      'src/client/quittance-error.ts': 'as above',
    },
  },
  {
    name: '@ts-ignore and its kin',
    pattern: /@ts-(ignore|expect-error|nocheck)/,
    scope: 'all',
    instead: 'a type that says what is known',
    allowedIn: {},
  },
  {
    name: '.only(',
    pattern: /\b(test|it|describe|bench)\.only\b/,
    scope: 'all',
    instead: 'run one file: vitest run path',
    allowedIn: {},
  },
  {
    name: '.skip( or .todo(',
    pattern: /\b(test|it|describe|bench)\.(skip|todo)\b(?!If)/,
    scope: 'all',
    instead: 'runIf or skipIf with a named condition',
    allowedIn: {},
  },
  {
    name: 'export default',
    pattern: /^\s*export default\b/m,
    scope: 'all',
    instead: 'a named export',
    allowedIn: {
      'vitest.config.ts': 'vitest reads the default export',
      'hardhat-local/hardhat.config.ts': 'hardhat reads the default export',
    },
  },
]

/** Longer files are two files. */
const FILE_LINES_MAX = 400
/** Written by scripts, read by editors: no person edits them. */
const GENERATED = ['src/client/api-operations.ts', 'src/client/api-resources.ts']
/**
 * The formatter breaks code at 100. It does not break comments, which may run a word over, nor strings,
 * which are shown to people as they stand and may be as long as they must.
 */
const LINE_COLUMNS_MAX = 110

const KEBAB_CASE = /^[a-z0-9]+(-[a-z0-9]+)*(\.(test|bench|config|d))*\.(ts|js|mjs)$/
/** Names that say nothing; barrels hide who imports what. */
const EMPTY_NAME = /^(index|utils?|helpers?|common|misc|manager|service|types)\.ts$/

const sources = readSources([
  'src',
  'test',
  'scripts',
  'hardhat-local',
  'examples',
  'bench',
]).filter(
  // This file names what it bans.
  ({ path }) => path !== 'test/architecture/ban-list.test.ts',
)

function findBanned(ban: Ban, files: readonly SourceFile[]): string[] {
  return files
    .filter(({ path }) => ban.scope === 'all' || path.startsWith('src/'))
    .filter(({ path }) => !Object.keys(ban.allowedIn).some((prefix) => path.startsWith(prefix)))
    .filter(({ text }) => ban.pattern.test(stripComments(text)))
    .map(({ path }) => `${path}: ${ban.name} -> ${ban.instead}`)
}

describe('the ban list', () => {
  test.each(BANS)('$name', (ban) => {
    expect(findBanned(ban, sources)).toEqual([])
  })

  test('no exception outlives its file', () => {
    const unused = BANS.flatMap(({ name, allowedIn, pattern }) =>
      Object.keys(allowedIn)
        .filter((prefix) => sources.some(({ path }) => path.startsWith(prefix)))
        .filter((prefix) => {
          const covered = sources.filter(({ path }) => path.startsWith(prefix))
          return !covered.some(({ text }) => pattern.test(stripComments(text)))
        })
        .map((prefix) => `${name} is not used in ${prefix}`),
    )
    expect(unused).toEqual([])
  })

  // biome-ignore format: a table reads better in rows
  test.each<[string, string, boolean]>([
    ['src/core/x.ts', 'const at = Date.now()', true],
    ['src/core/x.ts', '// not Date.now()', false],
    ['src/adapters/system/clock.ts', 'Date.now()', false],
    ['src/core/x.ts', 'new Date()', true],
    ['src/core/x.ts', 'new Date(ms)', false],
    ['src/core/invoice/x.ts', 'Number(units)', true],
    ['src/core/invoice/x.ts', 'Number.parseInt(text, 10)', true],
    ['src/core/invoice/x.ts', 'getHeaderByNumber(5)', false],
    ['src/core/invoice/x.ts', 'Number.isSafeInteger(5)', false],
    ['src/operations/x.ts', 'process.env.HOME', true],
    ['test/x.test.ts', 'test.skip("later")', true],
    ['test/x.test.ts', 'describe.skipIf(!hasDatabase)("stores")', false],
    ['test/x.test.ts', 'Date.now()', false],
    ['scripts/x.ts', 'export default {}', true],
  ])('%s: %s is banned: %s', (path, text, banned) => {
    expect(BANS.flatMap((ban) => findBanned(ban, [{ path, text }])).length > 0).toBe(banned)
  })
})

describe('files', () => {
  test(`have at most ${FILE_LINES_MAX} lines`, () => {
    const long = sources
      .filter(({ path }) => !GENERATED.includes(path))
      .filter(({ text }) => text.split('\n').length - 1 > FILE_LINES_MAX)
    expect(long.map(({ path }) => path)).toEqual([])
  })

  test(`have lines of at most ${LINE_COLUMNS_MAX} columns, strings apart`, () => {
    const wide = sources
      .filter(({ path }) => path.startsWith('src/') || path.startsWith('scripts/'))
      .filter(({ path }) => !GENERATED.includes(path))
      .flatMap(({ path, text }) =>
        text
          .split('\n')
          .map((line, i) => ({ line, at: `${path}:${i + 1}` }))
          .filter(({ line }) => line.length > LINE_COLUMNS_MAX && !/['"`]/.test(line)),
      )
    expect(wide.map(({ at }) => at)).toEqual([])
  })

  test('have names in kebab-case that say something', () => {
    const names = sources.map(({ path }) => ({ path, name: path.split('/').at(-1) as string }))
    const odd = names.filter(({ name }) => !KEBAB_CASE.test(name) || EMPTY_NAME.test(name))
    expect(odd.map(({ path }) => path)).toEqual([])
  })
})
