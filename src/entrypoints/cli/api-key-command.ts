import { Command } from 'commander'
import { API_KEY_SCOPES, type ApiKeyScope } from '../../core/store-account/store-account.ts'
import { DAY_MS } from '../../core/time.ts'
import { createApiKey } from '../../operations/create-api-key.ts'
import { listApiKeys } from '../../operations/list-api-keys.ts'
import { revokeApiKey } from '../../operations/revoke-api-key.ts'
import type { CliIo } from './cli-io.ts'

const ACTOR = 'cli'
const MAX_EXPIRY_DAYS = 3_650

type CreateOptions = { store: string; scopes: string; name: string; expiresInDays?: string }

/** `quittance api-key create|list|revoke`; works while the gateway runs. */
export function buildApiKeyCommand(io: CliIo): Command {
  const apiKey = new Command('api-key').description('make, list and revoke API keys')
  apiKey
    .command('create')
    .description('make an API key; prints the key alone, once')
    .requiredOption('--store <id>', 'store it belongs to (st_...)')
    .option('--scopes <list>', `comma-separated: ${API_KEY_SCOPES.join(', ')}`, 'admin')
    .option('--name <name>', 'name for people', 'cli')
    .option('--expires-in-days <days>', 'end of validity; default: until it is revoked')
    .action((options: CreateOptions) =>
      io.withInstallation(async (installation) => {
        const created = await createApiKey(installation, {
          storeId: options.store,
          name: options.name,
          scopes: parseScopes(options.scopes),
          expiresAtMs: parseExpiry(options.expiresInDays, installation.clock.nowMs()),
          actor: ACTOR,
          idempotency: null,
        })
        io.print(created.key)
      }),
    )
  apiKey
    .command('list')
    .description('list the keys of a store; the keys themselves are kept nowhere')
    .requiredOption('--store <id>', 'store (st_...)')
    .action(({ store }: { store: string }) =>
      io.withInstallation(async (installation) => {
        const keys = await listApiKeys(installation, { storeId: store })
        for (const key of keys) io.print(JSON.stringify(key))
      }),
    )
  apiKey
    .command('revoke')
    .description('revoke a key; effective at once')
    .argument('<id>', 'id of the key (key_...)')
    .requiredOption('--store <id>', 'store it belongs to (st_...)')
    .action((id: string, { store }: { store: string }) =>
      io.withInstallation(async (installation) => {
        await revokeApiKey(installation, { storeId: store, apiKeyId: id, actor: ACTOR })
        io.print(`${id} revoked`)
      }),
    )
  return apiKey
}

function parseScopes(list: string): ApiKeyScope[] {
  return list.split(',').map((text) => {
    const scope = API_KEY_SCOPES.find((known) => known === text.trim())
    if (scope === undefined) {
      throw new Error(`--scopes: "${text.trim()}" is none of ${API_KEY_SCOPES.join(', ')}`)
    }
    return scope
  })
}

function parseExpiry(days: string | undefined, nowMs: number): number | null {
  if (days === undefined) return null
  if (!/^[1-9][0-9]{0,3}$/.test(days) || BigInt(days) > BigInt(MAX_EXPIRY_DAYS)) {
    throw new Error(`--expires-in-days must be 1 to ${MAX_EXPIRY_DAYS}`)
  }
  return nowMs + Number.parseInt(days, 10) * DAY_MS
}
