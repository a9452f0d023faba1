/** docs/configuration.md against the schema, and every variable that any page names. */
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { fileSchema } from '../../src/config/settings-schema.ts'
import { parseConfig } from '../../src/config.ts'
import { readSources } from '../architecture/read-sources.ts'
import { codeSpans, readPages, readText, section, tableRows } from './read-docs.ts'

const page = readText('docs/configuration.md')

type Schema = {
  readonly properties?: Readonly<Record<string, Schema>>
  readonly additionalProperties?: Schema | boolean
  readonly propertyNames?: Schema
  readonly items?: Schema
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
  readonly default?: unknown
}

type Setting = { readonly path: string; readonly fallback: unknown }

/** Every name of the schema: `webhooks.schedule`, `chains.<id>.rpc`, `finality[].up_to`. */
function settingsOf(schema: Schema, path: string): Setting[] {
  const { properties = {}, additionalProperties: rest, items } = schema
  const named = Object.entries(properties).flatMap(([name, inner]) => {
    const own = path === '' ? name : `${path}.${name}`
    return [{ path: own, fallback: inner.default }, ...settingsOf(inner, own)]
  })
  return [
    ...named,
    ...(typeof rest === 'object' ? settingsOf(rest, `${path}.<id>`) : []),
    ...(items === undefined ? [] : settingsOf(items, `${path}[]`)),
    ...[...(schema.anyOf ?? []), ...(schema.oneOf ?? [])].flatMap((one) => settingsOf(one, path)),
  ]
}

const schema = z.toJSONSchema(fileSchema, { io: 'input', target: 'draft-7' }) as Schema
const known = settingsOf(schema, '')
/** Objects that only hold others have no row of their own. */
const HOLDERS = ['webhooks', 'rates', 'invoices', 'alerts', 'limits']

const rowsOf = (heading: string, prefix: string) =>
  tableRows(section(page, heading)).map((cells) => {
    const [name = '', ...others] = cells
    return { path: prefix + name.replaceAll('`', ''), others }
  })
const general = rowsOf('Settings', '').map(({ path, others: [, fallback = ''] }) => {
  return { path, fallback }
})
const ofChains = rowsOf('Chains', 'chains.<id>.').map(({ path, others: [fallback = ''] }) => {
  return { path, fallback }
})
const rows = [...general, ...ofChains]

describe('settings', () => {
  test('the page has a row for every setting, and for no other', () => {
    const paths = known.map(({ path }) => path).filter((path) => !HOLDERS.includes(path))
    expect(rows.map(({ path }) => path).sort()).toEqual([...new Set(paths)].sort())
  })

  test('defaults are those of the schema', () => {
    for (const { path, fallback } of known) {
      const isPlain = ['string', 'number', 'boolean'].includes(typeof fallback)
      const row = rows.find((one) => one.path === path)
      if (isPlain && row !== undefined) {
        expect([path, codeSpans(row.fallback)[0]]).toEqual([path, String(fallback)])
      }
    }
  })
})

test('the example is a valid configuration', () => {
  const text = /```json\n([\s\S]*?)```/.exec(section(page, 'An example'))?.[1] ?? ''
  const file = { path: '/etc/quittance/quittance.config.json', text }
  const config = parseConfig({ file, env: {}, cwd: '/' })
  expect(config.chains.map(({ chainId }) => chainId)).toEqual([8_453])
})

describe('variables', () => {
  const pattern = /QUITTANCE_[A-Z]+(?:_[A-Z]+)*(?:_<chainId>)?/g
  const find = (text: string) => (text.match(pattern) ?? []).map((name) => name.replace(/_$/, ''))
  const environment = find(readText('src/config/environment.ts'))
  const tests = find(readText('src/config/test-variables.ts'))
  // Prefixes that the code matches by, and the form with the chain id.
  const PARTS = ['QUITTANCE_RPC', 'QUITTANCE_TEST']
  const isWhole = (name: string) => !PARTS.includes(name)
  const variables = [
    ...new Set([...environment, ...tests].filter(isWhole)),
    'QUITTANCE_RPC_<chainId>',
  ]

  test('the page names every variable of the code', () => {
    const named = find(page)
    expect(variables.filter((name) => !named.includes(name))).toEqual([])
  })

  test('no page and no message names one that does not exist', () => {
    const texts = [...readPages(), ...readSources(['src', 'scripts'])]
    const unknown = texts.flatMap(({ path, text }) =>
      find(text)
        .filter((name) => isWhole(name) && !variables.includes(name))
        .map((name) => `${path}: ${name}`),
    )
    expect(unknown).toEqual([])
  })

  test('a variable stands beside the setting it gives', () => {
    const text = readText('src/config/environment.ts')
    const places = [...text.matchAll(/^ {2}(QUITTANCE_\w+): \{ path: \[(.+?)\]/gm)]
    expect(places.length).toBeGreaterThan(10)
    const table = tableRows(section(page, 'Settings'))
    for (const [, name, parts = ''] of places) {
      const path = parts.replaceAll("'", '').split(', ').join('.')
      const row = table.find(([setting]) => setting === `\`${path}\``)
      if (row !== undefined) expect([path, row[1]]).toEqual([path, `\`${name}\``])
    }
  })
})
