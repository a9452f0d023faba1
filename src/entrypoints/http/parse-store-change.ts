/** Body of `PATCH /v1/store`. Null takes a setting back to the default. */
import * as z from 'zod'
import { LOGO_CHARACTERS_MAX, readLogo } from '../../core/store-account/logo.ts'
import { DAY_MS, SECOND_MS } from '../../core/time.ts'
import { parseInput, textOf } from './parse-input.ts'

const NAME_CHARACTERS_MAX = 100
const TOLERANCE_BPS_MAX = 9_999
/** Longer than any transfer waits; a deadline further away is an expiry of its own. */
const GRACE_S_MAX = DAY_MS / SECOND_MS
/** More shops than share one store. */
const ORIGINS_MAX = 50
/** A host name has 253 characters at most; with scheme and port. */
const ORIGIN_CHARACTERS_MAX = 300

const origin = textOf(ORIGIN_CHARACTERS_MAX).refine(isOrigin, {
  error: 'must be an origin such as https://shop.example, without a path',
  params: { code: 'not_an_origin' },
})

export const storeChangeSchema = z.strictObject({
  name: textOf(NAME_CHARACTERS_MAX).min(1).optional(),
  tolerance_bps: z.int().min(0).max(TOLERANCE_BPS_MAX).nullish(),
  grace_s: z.int().min(0).max(GRACE_S_MAX).nullish(),
  redirect_origins: z.array(origin).max(ORIGINS_MAX).nullish(),
  frame_origins: z.array(origin).max(ORIGINS_MAX).nullish(),
  accent: z
    .string()
    .regex(/^#[0-9a-f]{6}$/, { error: 'must be a colour such as #0b6e4f, in lower case' })
    .nullish(),
  logo: textOf(LOGO_CHARACTERS_MAX)
    .refine((text) => readLogo(text) !== null, {
      error: 'must be a PNG, JPEG or WebP picture as a data URI in base64',
      params: { code: 'not_a_picture' },
    })
    .nullish(),
  renew_expired: z.boolean().nullish(),
})

export function parseStoreChange(body: unknown) {
  const change = parseInput(storeChangeSchema, body)
  return {
    name: change.name,
    settings: {
      toleranceBps: change.tolerance_bps,
      graceS: change.grace_s,
      redirectOrigins: unique(change.redirect_origins),
      frameOrigins: unique(change.frame_origins),
      accent: change.accent,
      logo: change.logo,
      renewsExpired: change.renew_expired,
    },
  }
}

function unique(origins: readonly string[] | null | undefined) {
  return origins && [...new Set(origins)]
}

/** As `URL.origin` writes it, so that comparing texts compares origins. */
function isOrigin(text: string): boolean {
  if (!/^https?:/.test(text) || !URL.canParse(text)) return false
  return new URL(text).origin === text
}
