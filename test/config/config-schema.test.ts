import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { renderConfigSchema } from '../../src/config/render-schema.ts'

const written = readFileSync(
  new URL('../../docs/quittance.config.schema.json', import.meta.url),
  'utf8',
)

test('the schema for editors is that of the code (node scripts/write-config-schema.ts)', () => {
  expect(written).toBe(renderConfigSchema())
})

test('it refuses unknown names and describes every setting', () => {
  const schema = JSON.parse(written)
  expect(schema.additionalProperties).toBe(false)
  const chain = schema.properties.chains.additionalProperties
  expect(chain.additionalProperties).toBe(false)
  for (const [name, property] of Object.entries(chain.properties)) {
    expect(property, name).toHaveProperty('description')
  }
  expect(Object.keys(schema.properties)).not.toContain('api_key')
  expect(schema.required).toBeUndefined()
})
