/** Answers that say whether they changed: an ETag of their bytes, and 304 to whoever has them. */
import { createHash } from 'node:crypto'
import type { Request, Response } from 'express'

/** Bytes, and a tag that changes exactly when they do. */
export type TaggedText = { readonly text: string; readonly tag: string }

export function tagOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}

export function answerTagged(req: Request, res: Response, tagged: TaggedText, type: string): void {
  const tag = `"${tagged.tag}"`
  res.set('ETag', tag)
  const known = (req.headers['if-none-match'] ?? '').split(',').map((one) => one.trim())
  const isKnown = known.some((one) => one === '*' || one.replace(/^W\//, '') === tag)
  if (isKnown) res.status(304).end()
  else res.set('Content-Type', type).end(tagged.text)
}
