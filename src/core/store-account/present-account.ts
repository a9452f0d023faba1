import { formatTime } from '../time.ts'
import type { ApiKey, StoreAccount } from './store-account.ts'

export type StoreResource = ReturnType<typeof presentStore>

/** A store as answers show it. Never the account key itself: it shows every order ever made. */
export function presentStore(store: StoreAccount) {
  return {
    id: store.id,
    object: 'store' as const,
    name: store.name,
    xpub_fingerprint: store.fingerprint,
    tolerance_bps: store.settings.toleranceBps,
    grace_s: store.settings.graceS,
    redirect_origins: store.settings.redirectOrigins,
    frame_origins: store.settings.frameOrigins,
    accent: store.settings.accent,
    logo: store.settings.logo,
    renew_expired: store.settings.renewsExpired,
    created_at: formatTime(store.createdAtMs),
  }
}

export type ApiKeyResource = ReturnType<typeof presentApiKey>

/** A key as answers show it: everything but the key. */
export function presentApiKey(apiKey: ApiKey) {
  return {
    id: apiKey.id,
    object: 'api_key' as const,
    name: apiKey.name,
    prefix: apiKey.prefix,
    scopes: apiKey.scopes,
    created_at: formatTime(apiKey.createdAtMs),
    expires_at: apiKey.expiresAtMs === null ? null : formatTime(apiKey.expiresAtMs),
    revoked_at: apiKey.revokedAtMs === null ? null : formatTime(apiKey.revokedAtMs),
    last_used_at: apiKey.lastUsedAtMs === null ? null : formatTime(apiKey.lastUsedAtMs),
  }
}
