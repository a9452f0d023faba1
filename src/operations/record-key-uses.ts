import type { Deps } from './deps.ts'

/** When API keys were used since the last record: the latest time of each, by id. */
export type KeyUses = Map<string, number>

/** Writes the uses that were noted. A request only notes its own, so that it waits for no disk. */
export async function recordKeyUses({ store }: Pick<Deps, 'store'>, uses: KeyUses): Promise<void> {
  if (uses.size === 0) return
  const keyUses = [...uses].map(([apiKeyId, atMs]) => ({ apiKeyId, atMs }))
  uses.clear()
  await store.commit({ keyUses })
}
