// Usage: node scripts/write-config-schema.ts
// Writes docs/quittance.config.schema.json from the schema of the configuration.
import { writeFileSync } from 'node:fs'
import { renderConfigSchema } from '../src/config/render-schema.ts'

const target = new URL('../docs/quittance.config.schema.json', import.meta.url)
writeFileSync(target, renderConfigSchema())
