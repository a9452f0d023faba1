/** Style and script of the page: named by their bytes, so that browsers keep them for ever. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import type { Express, Request, Response } from 'express'
import { GatewayError } from '../../../errors.ts'
import { answerTagged, tagOf } from '../answer-tagged.ts'
import { mountRest } from '../health-routes.ts'
import { renderAccentCss } from './accent.ts'

const FOREVER = 'public, max-age=31536000, immutable'
/** Short, because the name does not change with the content; a match is answered 304 anyway. */
const SHORT = 'public, max-age=300'
const CSS = 'text/css; charset=utf-8'
const JS = 'text/javascript; charset=utf-8'
/** Digits of the hash in a name. */
const NAME_DIGITS = 16

type PageAsset = {
  readonly path: string
  /** For the attribute: a changed file is not run (W3C Subresource Integrity). */
  readonly integrity: string
}

export type PageAssets = { readonly style: PageAsset; readonly script: PageAsset }

/** Serves what the page needs, and tells under which names. */
export function mountPageAssets(app: Express): PageAssets {
  mountAccents(app)
  mountEmbedScript(app)
  return {
    style: mountForever(app, 'checkout', 'css', CSS),
    script: mountForever(app, 'checkout', 'js', JS),
  }
}

function mountForever(app: Express, name: string, extension: string, type: string): PageAsset {
  const text = readAsset(`${name}.${extension}`)
  const digest = createHash('sha256').update(text).digest()
  const path = `/assets/${name}-${digest.toString('hex').slice(0, NAME_DIGITS)}.${extension}`
  const packed = gzipSync(text)
  app.get(path, (req, res) => {
    res.set({ 'Cache-Control': FOREVER, 'Content-Type': type, Vary: 'Accept-Encoding' })
    if (takesGzip(req)) res.set('Content-Encoding', 'gzip').end(packed)
    else res.end(text)
  })
  mountRest(app, path)
  return { path, integrity: `sha256-${digest.toString('base64')}` }
}

/** A colour is all there is to such a file, so its name says everything. */
function mountAccents(app: Express): void {
  const path = '/assets/accent/:file'
  app.get(path, (req: Request, res: Response) => {
    const [, digits] = /^([0-9a-f]{6})\.css$/.exec(String(req.params.file)) ?? []
    if (digits === undefined) throw new GatewayError('not_found', 'There is no such file.')
    res.set({ 'Cache-Control': FOREVER, 'Content-Type': CSS }).end(renderAccentCss(`#${digits}`))
  })
  mountRest(app, path)
}

/** For shops, which write its name into their pages and load it from another origin. */
function mountEmbedScript(app: Express): void {
  const text = readAsset('embed.js')
  const tagged = { text, tag: tagOf(text) }
  app.get('/assets/embed.js', (req, res) => {
    res.set({ 'Cache-Control': SHORT, 'Cross-Origin-Resource-Policy': 'cross-origin' })
    answerTagged(req, res, tagged, JS)
  })
  mountRest(app, '/assets/embed.js')
}

function readAsset(name: string): string {
  return readFileSync(new URL(`../assets/${name}`, import.meta.url), 'utf8')
}

function takesGzip({ headers }: Request): boolean {
  const codings = String(headers['accept-encoding'] ?? '').split(',')
  return codings.some((coding) => /^\s*gzip\s*(;\s*q=(1|0\.0*[1-9]\d*)\s*)?$/i.test(coding))
}
