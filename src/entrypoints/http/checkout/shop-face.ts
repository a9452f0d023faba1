/** What a shopper sees of a store. */
import { hash } from 'node:crypto'
import { readLogo } from '../../../core/store-account/logo.ts'
import type { StoreFace } from '../../../operations/read-store-face.ts'

export type ShopFace = {
  readonly name: string | null
  readonly accent: string | null
  readonly logo: ShopLogo | null
  readonly frameOrigins: readonly string[]
  readonly renewsExpired: boolean
}

/** `tag` changes with the picture, so that its address does. */
export type ShopLogo = { readonly mediaType: string; readonly bytes: Buffer; readonly tag: string }

/** Enough to tell pictures of one shop apart. */
const TAG_CHARACTERS = 16
/** Pictures held decoded; a store has one at a time. */
const LOGOS_MAX = 1_000

const logos = new Map<string, ShopLogo | null>()

export function presentShopFace(face: StoreFace): ShopFace {
  return {
    name: face.name,
    accent: face.accent,
    logo: face.logo === null ? null : decodeLogo(face.logo),
    frameOrigins: face.frameOrigins ?? [],
    renewsExpired: face.renewsExpired ?? false,
  }
}

function decodeLogo(dataUri: string): ShopLogo | null {
  const known = logos.get(dataUri)
  if (known !== undefined) return known
  const parts = readLogo(dataUri)
  const logo =
    parts === null
      ? null
      : {
          mediaType: parts.mediaType,
          bytes: Buffer.from(parts.base64, 'base64'),
          tag: hash('sha256', parts.base64).slice(0, TAG_CHARACTERS),
        }
  if (logos.size >= LOGOS_MAX) logos.clear()
  logos.set(dataUri, logo)
  return logo
}
