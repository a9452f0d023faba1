/** Holds answers of the gateway against its own OpenAPI document, with nothing beside it allowed. */
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'

export type HttpAnswer = {
  readonly status: number
  readonly contentType: string
  readonly json: unknown
}

export type AnswerCheck = (method: string, path: string, answer: HttpAnswer) => void

type Json = any

/** Throws for an answer that the document does not describe. Paths it does not name are left alone. */
export function createAnswerCheck(document: Json): AnswerCheck {
  const ajv = new Ajv2020({ strict: false, allErrors: true })
  ;(addFormats as unknown as { default: (ajv: Ajv2020) => void }).default?.(ajv)
  if (ajv.formats['date-time'] === undefined) (addFormats as unknown as (ajv: Ajv2020) => void)(ajv)
  ajv.addSchema({ $id: 'openapi', components: closeSchemas(document.components) })
  const paths = Object.keys(document.paths).map((path) => ({
    path,
    pattern: new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+')}$`),
  }))
  const compiled = new Map<string, ValidateFunction>()

  return (method, url, { status, contentType, json }) => {
    const path = paths.find(({ pattern }) => pattern.test(url.split('?')[0] ?? ''))?.path
    const operation = document.paths[path ?? '']?.[method.toLowerCase()]
    if (operation === undefined || json === null) return
    const response = operation.responses[status] ?? operation.responses.default
    const type = contentType.split(';')[0] ?? ''
    const schema = response.content?.[type]?.schema
    if (schema === undefined) throw new Error(`${method} ${path} ${status}: ${type} is undescribed`)
    const name = `${method} ${path} ${status} ${type}`
    const validate = compiled.get(name) ?? ajv.compile(closeSchemas(schema))
    compiled.set(name, validate)
    if (validate(json)) return
    const faults = validate.errors?.map((fault) => `${fault.instancePath} ${fault.message}`)
    throw new Error(`${name} is not as documented: ${faults?.join('; ')}`)
  }
}

/** Objects with listed properties have no others here, so that a field nobody described is found. */
function closeSchemas(value: Json): Json {
  if (Array.isArray(value)) return value.map(closeSchemas)
  if (typeof value !== 'object' || value === null) return value
  const copy = Object.fromEntries(
    Object.entries(value).map(([key, part]) => [
      key,
      key === '$ref' ? `openapi${part as string}` : closeSchemas(part),
    ]),
  )
  const isObject = copy.type === 'object' && copy.properties !== undefined
  return isObject && copy.additionalProperties === undefined
    ? { ...copy, additionalProperties: false }
    : copy
}
