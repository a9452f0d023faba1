/** The reference for people, made from the same document as /openapi.json. No script, no request. */
import { html, type Markup } from '../html.ts'
import { PROBLEM_MEANINGS } from '../problem-meanings.ts'
import type { OpenApiDocument } from './create-openapi.ts'

type Schema = {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly format?: string
  readonly description?: string
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly items?: Schema
  readonly anyOf?: readonly Schema[]
}

type Operation = {
  readonly summary: string
  readonly description?: string
  readonly tags: readonly string[]
  readonly parameters?: readonly { readonly name: string; readonly in: string }[]
  readonly requestBody?: { readonly content: Content }
  readonly responses: Readonly<Record<string, { readonly content?: Content }>>
}

type Content = Readonly<Record<string, { readonly schema: Schema }>>
type Entry = { readonly method: string; readonly path: string; readonly operation: Operation }

const METHODS: ReadonlySet<string> = new Set(['get', 'post', 'patch', 'delete'])

export function renderApiPage(document: OpenApiDocument): string {
  const { info, components } = document as unknown as {
    info: { version: string; description: string }
    components: { schemas: Readonly<Record<string, Schema>> }
  }
  const entries = listEntries(document)
  const byTag = [...Map.groupBy(entries, ({ operation }) => operation.tags[0] ?? '')]
  return renderPage(
    'API',
    html`<h1>API <small>${info.version}</small></h1>
<p>${info.description}</p>
<p>For programs: <a href="/openapi.json">openapi.json</a> (OpenAPI 3.1). Failures:
<a href="/docs/errors">errors</a>. Authenticate with <code>Authorization: Bearer qk_...</code>.</p>
<nav aria-label="Contents"><ul>${byTag.map(([tag]) => html`<li><a href="#${tag}">${tag}</a></li>`)}
<li><a href="#resources">resources</a></li></ul></nav>
${byTag.map(([tag, of]) => html`<section id="${tag}"><h2>${tag}</h2>${of.map(renderEntry)}</section>`)}
<section id="resources"><h2>Resources</h2>
${Object.entries(components.schemas).map(
  ([name, schema]) => html`<article id="schema-${name}"><h3>${name}</h3>
<p>${schema.description ?? null}</p>${renderFields(schema)}</article>`,
)}</section>`,
  )
}

/** Every code with what to do; the `type` of a problem leads to its heading. */
export function renderErrorsPage(): string {
  const codes = Object.entries(PROBLEM_MEANINGS)
  return renderPage(
    'Errors',
    html`<h1>Errors</h1>
<p>Every failure is <code>application/problem+json</code> (RFC 9457). <code>code</code> is stable.
<a href="/docs">API reference</a></p>
${codes.map(
  ([code, { status, title, advice }]) => html`<article id="${code}">
<h2><code>${code}</code> <small>${status}</small></h2><p>${title}. ${renderCode(advice)}</p></article>`,
)}`,
  )
}

function renderPage(title: string, body: Markup): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} · Quittance</title>
<link rel="stylesheet" href="/assets/docs.css">
</head>
<body><main>${body}</main></body>
</html>
`.markup
}

function listEntries({ paths }: OpenApiDocument): Entry[] {
  return Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item)
      .filter(([method]) => METHODS.has(method))
      .map(([method, operation]) => ({ method, path, operation: operation as Operation })),
  )
}

function renderEntry({ method, path, operation }: Entry): Markup {
  const { summary, description, parameters = [], requestBody, responses } = operation
  const inQuery = parameters.filter((parameter) => parameter.in === 'query')
  const input = schemaOf(requestBody?.content)
  return html`<article>
<h3><code><b>${method.toUpperCase()}</b> ${path}</code></h3>
<p>${summary}. ${description === undefined ? null : renderCode(description)}</p>
${
  inQuery.length === 0
    ? null
    : html`<p>Query: ${inQuery.map(({ name }) => html`<code>${name}</code> `)}</p>`
}
${input === null ? null : renderFields(input)}
<p>Answers ${Object.entries(responses)
    .filter(([status]) => status !== 'default')
    .map(([status, { content }]) => {
      const schema = schemaOf(content)
      return html`<code>${status}</code> ${schema === null ? null : renderType(schema)} `
    })}</p>
</article>`
}

function schemaOf(content: Content | undefined): Schema | null {
  return Object.values(content ?? {})[0]?.schema ?? null
}

function renderFields({ properties, required = [] }: Schema): Markup | null {
  if (properties === undefined || Object.keys(properties).length === 0) return null
  return html`<table><tbody>${Object.entries(properties).map(
    ([name, schema]) =>
      html`<tr><th scope="row"><code>${name}</code>${
        required.includes(name) ? null : html` <small>optional</small>`
      }</th><td>${renderType(schema)}</td><td>${schema.description ?? null}</td></tr>`,
  )}</tbody></table>`
}

function renderType(schema: Schema): Markup {
  const { $ref, anyOf, items, properties } = schema
  if ($ref !== undefined) {
    const name = $ref.split('/')[3] ?? ''
    return html`<a href="#schema-${name}">${name}</a>`
  }
  if (anyOf !== undefined) {
    return html`${anyOf.map((one, i) => html`${i === 0 ? '' : ' | '}${renderType(one)}`)}`
  }
  if (items !== undefined) return html`list of ${renderType(items)}`
  if (properties?.data?.items !== undefined)
    return html`page of ${renderType(properties.data.items)}`
  if (properties !== undefined) return html`{ ${Object.keys(properties).join(', ')} }`
  const words = schema.const === undefined ? schema.enum : [schema.const]
  if (words !== undefined) return html`<code>${words.map(String).join(' | ')}</code>`
  return html`${[schema.type ?? 'any'].flat().join(' | ')}${
    schema.format === undefined ? null : html` (${schema.format})`
  }`
}

/** Text with `code` in it. */
function renderCode(text: string): Markup {
  return html`${text
    .split('`')
    .map((part, i) => (i % 2 === 0 ? html`${part}` : html`<code>${part}</code>`))}`
}
