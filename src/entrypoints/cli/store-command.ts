import { Command } from 'commander'
import { createStore } from '../../operations/create-store.ts'
import { listStores } from '../../operations/list-stores.ts'
import type { CliIo } from './cli-io.ts'

const ACTOR = 'cli'
const NAME_MAX_CHARACTERS = 100

/** `quittance store create|list`; works while the gateway runs. */
export function buildStoreCommand(io: CliIo): Command {
  const store = new Command('store').description('make and list stores (merchants)')
  store
    .command('create')
    .description('make a store with its own account key; prints its id')
    .requiredOption('--name <name>', 'name for people')
    .requiredOption('--xpub <xpub>', "account-level extended public key (m/44'/60'/N')")
    .action(async ({ name, xpub }: { name: string; xpub: string }) => {
      if (name.trim() === '' || name.length > NAME_MAX_CHARACTERS) {
        throw new Error(`--name must have 1 to ${NAME_MAX_CHARACTERS} characters`)
      }
      await io.withInstallation(async (installation) => {
        const created = await createStore(installation, { name, xpub, actor: ACTOR })
        io.print(created.id)
      })
    })
  store
    .command('list')
    .description('list the stores, one per line: id, fingerprint of the account key, name')
    .option('--json', 'print JSON')
    .action(async ({ json }: { json?: boolean }) => {
      await io.withInstallation(async (installation) => {
        const stores = await listStores(installation)
        if (json) io.print(JSON.stringify(stores, null, 2))
        else
          for (const { id, xpub_fingerprint, name } of stores) {
            io.print(`${id}\t${xpub_fingerprint}\t${name}`)
          }
      })
    })
  return store
}
