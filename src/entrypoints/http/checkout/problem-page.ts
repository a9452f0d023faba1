/** What a shopper's browser shows where it gets no page of an invoice. Programs get the problem itself. */
import type { Request } from 'express'
import { html } from '../html.ts'
import { type AnswerProblem, answerAsJson, type Problem } from '../problem.ts'
import type { Language } from './i18n/languages.ts'
import type { PageAssets } from './page-assets.ts'
import { readChoices } from './page-choices.ts'

/** A page for who asks for one before anything else, as browsers do; the problem for all others. */
export function answerAsPage(assets: PageAssets): AnswerProblem {
  return (problem, req, res) => {
    if (req.accepts(['json', 'html']) !== 'html') return answerAsJson(problem, req, res)
    const page = renderProblemPage(problem, readChoices(req as Request).language, assets)
    res
      .status(problem.status)
      .set({ ...problem.headers, 'Content-Type': 'text/html; charset=utf-8' })
      .end(page)
  }
}

function renderProblemPage(problem: Problem, { tag, texts }: Language, assets: PageAssets): string {
  const { heading, words } = texts.problem[kindOf(problem)]
  return html`<!doctype html>
<html lang="${tag}" dir="${texts.direction}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex, nofollow">
<meta name="color-scheme" content="light dark">
<title>${heading}</title>
<link rel="stylesheet" href="${assets.style.path}" integrity="${assets.style.integrity}">
<link rel="icon" href="data:,">
</head>
<body>
<main>
<div class="sheet">
<div class="order">
<h1>${heading}</h1>
<p>${words}</p>
<p class="hint">${texts.problem.reference(String(problem.body.request_id))}</p>
</div>
</div>
</main>
</body>
</html>
`.markup
}

function kindOf({ body }: Problem): 'unknown' | 'busy' | 'failed' {
  if (body.code === 'not_found') return 'unknown'
  return body.code === 'rate_limited' ? 'busy' : 'failed'
}
