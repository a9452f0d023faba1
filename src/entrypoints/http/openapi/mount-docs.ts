/** The API described by itself: for programs at /openapi.json, for people under /docs. */
import { readFileSync } from 'node:fs'
import type { Express, Request, Response } from 'express'
import { answerTagged, type TaggedText, tagOf } from '../answer-tagged.ts'
import { mountRest } from '../health-routes.ts'
import type { HttpDeps } from '../http-deps.ts'
import type { ApiRoute } from '../route.ts'
import { createOpenApi } from './create-openapi.ts'
import { renderApiPage, renderErrorsPage } from './docs-pages.ts'

/** Made once: it changes with the program, never with the data. */
const DOCS_CACHE = 'public, max-age=300'

export function mountDocs(
  app: Express,
  { publicUrl, version }: Pick<HttpDeps, 'publicUrl' | 'version'>,
  routes: readonly ApiRoute[],
): void {
  const document = createOpenApi({ routes, publicUrl, version })
  const style = readFileSync(new URL('../assets/docs.css', import.meta.url), 'utf8')
  const pages: Readonly<Record<string, readonly [type: string, text: string]>> = {
    '/openapi.json': ['application/json', JSON.stringify(document)],
    '/docs': ['text/html', renderApiPage(document)],
    '/docs/errors': ['text/html', renderErrorsPage()],
    '/assets/docs.css': ['text/css', style],
  }
  for (const [path, [type, text]] of Object.entries(pages)) {
    const tagged: TaggedText = { text, tag: tagOf(text) }
    app.get(path, (req: Request, res: Response) => {
      res.set('Cache-Control', DOCS_CACHE)
      answerTagged(req, res, tagged, `${type}; charset=utf-8`)
    })
    mountRest(app, path)
  }
}
