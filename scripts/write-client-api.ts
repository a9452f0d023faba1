// Usage: node scripts/write-client-api.ts
// Writes the types and the routes of src/client from the OpenAPI document that the API serves.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startHttpHarness } from '../test/support/http-harness.ts'
import { type ApiDocument, renderClientApi } from './client-api/render-client-api.ts'
import { ROOT } from './run-command.ts'

const gateway = await startHttpHarness()
try {
  const document = (await gateway.ask({ path: '/openapi.json', key: null })).json as ApiDocument
  for (const [path, text] of Object.entries(renderClientApi(document))) {
    writeFileSync(join(ROOT, path), text)
  }
} finally {
  await gateway.server.close()
}
