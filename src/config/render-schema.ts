import { z } from 'zod'
import { fileSchema } from './settings-schema.ts'

/** Lists that fit a line stay on it, as the formatter of this repository wants them. */
const LINE_CHARACTERS_MAX = 100

/** The JSON Schema of the configuration file, as text, for editors. */
export function renderConfigSchema(): string {
  const schema = z.toJSONSchema(fileSchema, { io: 'input', target: 'draft-7' })
  return `${render({ title: 'Quittance configuration', ...schema }, '')}\n`
}

/** `taken` characters stand on the line before the value. */
function render(value: unknown, indent: string, taken = indent.length): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const inner = `${indent}  `
  if (Array.isArray(value)) {
    const entries = value.map((entry) => render(entry, inner))
    const line = `[${entries.join(', ')}]`
    // One more for the comma that may follow.
    const fits = taken + line.length + 1 <= LINE_CHARACTERS_MAX && !line.includes('\n')
    return fits ? line : `[\n${inner}${entries.join(`,\n${inner}`)}\n${indent}]`
  }
  const members = Object.entries(value).map(([name, entry]) => {
    const start = `${inner}${JSON.stringify(name)}: `
    return start + render(entry, inner, start.length)
  })
  return members.length === 0 ? '{}' : `{\n${members.join(',\n')}\n${indent}}`
}
