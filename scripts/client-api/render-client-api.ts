/** The two generated files of the client, from the API document. */
import { spawnSync } from 'node:child_process'
import { ROOT } from '../run-command.ts'
import { renderComment, renderType, type Schema } from './render-types.ts'

type Content = Readonly<Record<string, { readonly schema: Schema }>>

type Operation = {
  readonly operationId: string
  readonly summary: string
  readonly description?: string
  readonly security?: readonly unknown[]
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: { readonly required: boolean; readonly content: Content }
  readonly responses: Readonly<Record<string, { readonly content?: Content }>>
}

type Parameter = { readonly name: string; readonly in: string; readonly schema: Schema }

type PathItem = { readonly parameters?: readonly Parameter[] } & Readonly<Record<string, Operation>>

export type ApiDocument = {
  readonly paths: Readonly<Record<string, PathItem>>
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> }
}

type Described = Operation & {
  readonly method: string
  readonly path: string
  /** Names in braces of the path, in its order. */
  readonly places: readonly string[]
  readonly input: Input | null
}

type Input = {
  readonly kind: 'body' | 'query'
  readonly typeName: string
  readonly schema: Schema
  readonly required: boolean
}

const METHODS = ['get', 'post', 'patch', 'delete']
const HEADING =
  '// Written by scripts/write-client-api.ts from the OpenAPI document. Change the routes instead.\n'

/** Paths of the files, and their text as the formatter leaves it. */
export function renderClientApi(document: ApiDocument): Readonly<Record<string, string>> {
  return {
    'src/client/api-resources.ts': format(renderResources(document)),
    'src/client/api-operations.ts': format(renderOperations(document)),
  }
}

function renderResources({ components }: ApiDocument): string {
  const types = Object.entries(components.schemas).map(
    ([name, schema]) =>
      `${renderComment(schema.description)}export type ${name} = ${renderType(schema)}\n`,
  )
  return [HEADING, ...types].join('\n')
}

function renderOperations(document: ApiDocument): string {
  const operations = listOperations(document)
  const inputs = operations.flatMap(({ input }) =>
    input === null ? [] : [`export type ${input.typeName} = ${renderType(input.schema)}\n`],
  )
  const body = [
    ...inputs,
    `export type Operations = {\n${operations.map(renderSignature).join('\n\n')}\n}\n`,
    `export const ROUTES: Readonly<Record<keyof Operations, Route>> = {\n${operations
      .map(renderRoute)
      .join('\n')}\n}\n`,
  ].join('\n')
  const code = body.replaceAll(/\/\*\*.*?\*\//g, '')
  const used = Object.keys(document.components.schemas)
    .filter((name) => new RegExp(`\\b${name}\\b`).test(code))
    .sort()
  const imports = [
    `import type { ${used.join(', ')} } from './api-resources.ts'`,
    `import type { Page, RequestOptions, Route } from './request-types.ts'`,
  ]
  return [HEADING, ...imports, '', body].join('\n')
}

function listOperations({ paths }: ApiDocument): Described[] {
  return Object.entries(paths).flatMap(([path, item]) =>
    METHODS.flatMap((method) => {
      const operation = item[method]
      if (operation === undefined) return []
      const places = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] as string)
      return [
        { ...operation, method: method.toUpperCase(), path, places, input: readInput(operation) },
      ]
    }),
  )
}

/** Body or query; a body without fields is nothing a caller could fill in. */
function readInput({ operationId, requestBody, parameters = [] }: Operation): Input | null {
  const name = operationId.charAt(0).toUpperCase() + operationId.slice(1)
  const body = requestBody?.content['application/json']?.schema
  if (body !== undefined && Object.keys(body.properties ?? {}).length > 0) {
    const required = requestBody?.required === true
    return { kind: 'body', typeName: `${name}Body`, schema: body, required }
  }
  const query = parameters.filter((parameter) => parameter.in === 'query')
  if (query.length === 0) return null
  const properties = Object.fromEntries(query.map(({ name, schema }) => [name, schema]))
  const schema: Schema = { type: 'object', properties }
  return { kind: 'query', typeName: `${name}Query`, schema, required: false }
}

function renderSignature(operation: Described): string {
  const { operationId, summary, description, places, input } = operation
  const given = [
    ...places.map((place) => `${place}: string`),
    ...(input === null ? [] : [`${input.kind}${input.required ? '' : '?'}: ${input.typeName}`]),
    'options?: RequestOptions',
  ]
  const about = [`${summary}.`, description ?? []].flat().join(' ')
  return `${renderComment(about)}${operationId}(${given.join(', ')}): Promise<${renderResult(operation)}>`
}

function renderResult({ responses }: Described): string {
  const types = listAnswers(responses).map(([, response]) => {
    const [contentType, content] = Object.entries(response.content ?? {})[0] ?? []
    if (content === undefined) return 'void'
    return contentType === 'application/json' ? renderAnswer(content.schema) : 'string'
  })
  return [...new Set(types)].join('|')
}

/** Pages are told apart, so that one function can walk all of them. */
function renderAnswer(schema: Schema): string {
  const { data, next_cursor } = schema.properties ?? {}
  const isPage = data?.items !== undefined && next_cursor !== undefined
  return isPage ? `Page<${renderType(data.items as Schema)}>` : renderType(schema)
}

/** Answers that carry what was asked for: success, and what is no problem although its status says so. */
function listAnswers(responses: Operation['responses']) {
  return Object.entries(responses).filter(
    ([status, { content }]) =>
      status.startsWith('2') || (/^\d/.test(status) && content?.['application/json'] !== undefined),
  )
}

function renderRoute({ operationId, method, path, places, input, security, responses }: Described) {
  const answers = listAnswers(responses).map(([status]) => status)
  const fields = [
    `method: '${method}'`,
    `path: '${path}'`,
    `places: ${JSON.stringify(places)}`,
    `input: ${JSON.stringify(input?.kind ?? null)}`,
    `isPublic: ${security?.length === 0}`,
    `answers: [${answers.join(', ')}]`,
  ]
  return `${operationId}: { ${fields.join(', ')} },`
}

/** As `npm run format` leaves it. */
function format(text: string): string {
  const { stdout, stderr, status } = spawnSync(
    'biome',
    ['format', '--stdin-file-path', 'generated.ts'],
    { cwd: ROOT, input: text, encoding: 'utf8' },
  )
  if (status !== 0) throw new Error(`the formatter refused generated text: ${stderr}`)
  return stdout
}
