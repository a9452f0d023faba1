/** JSON Schema, as far as the API document uses it, as TypeScript types. */

export type Schema = {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly description?: string
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
  readonly items?: Schema
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: Schema | boolean
}

const REFERENCE = /^#\/components\/schemas\/(\w+)((?:\/properties\/\w+)*)$/

/** A type for a schema. Throws for a keyword it does not know, so that nothing turns `unknown` unseen. */
export function renderType(schema: Schema): string {
  if (schema.$ref !== undefined) return renderReference(schema.$ref)
  if (schema.const !== undefined) return JSON.stringify(schema.const)
  if (schema.enum !== undefined) return schema.enum.map((value) => JSON.stringify(value)).join('|')
  const choices = schema.anyOf ?? schema.oneOf
  if (choices !== undefined) return choices.map(renderType).join('|')
  if (typeof schema.type === 'object') {
    return schema.type.map((type) => renderType({ ...schema, type })).join('|')
  }
  switch (schema.type) {
    case 'string':
    case 'boolean':
    case 'null':
      return schema.type
    case 'integer':
    case 'number':
      return 'number'
    case 'array':
      return `readonly (${renderType(schema.items ?? {})})[]`
    case 'object':
      return renderObject(schema)
    case undefined:
      if (Object.keys(schema).every((key) => key === 'description')) return 'unknown'
  }
  throw new Error(`no type for ${JSON.stringify(schema)}`)
}

function renderReference(reference: string): string {
  const [, name, path = ''] = REFERENCE.exec(reference) ?? []
  if (name === undefined) throw new Error(`no type for the reference ${reference}`)
  const properties = path.split('/properties/').slice(1)
  return name + properties.map((property) => `['${property}']`).join('')
}

function renderObject({ properties, required = [], additionalProperties }: Schema): string {
  if (properties === undefined) {
    const open = typeof additionalProperties === 'object' ? renderType(additionalProperties) : null
    return `Readonly<Record<string, ${open ?? 'unknown'}>>`
  }
  const fields = Object.entries(properties).map(([name, schema]) => {
    const mark = required.includes(name) ? '' : '?'
    // A caller may also hand over what it does not have.
    const missing = mark === '' ? '' : ' | undefined'
    return `${renderComment(schema.description)}readonly ${name}${mark}: ${renderType(schema)}${missing}`
  })
  return `{\n${fields.join('\n')}\n}`
}

/** A doc comment on a line of its own; nothing where there is nothing to say. */
export function renderComment(text: string | undefined): string {
  return text === undefined ? '' : `/** ${text.replaceAll('*/', '* /')} */\n`
}
