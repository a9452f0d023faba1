/** The body of a form without script: `application/x-www-form-urlencoded`, each field once. */
import type { IncomingMessage } from 'node:http'
import { invalidField } from '../../errors.ts'
import { readTextBody } from './read-json-body.ts'

const FORM = 'application/x-www-form-urlencoded'

export function isForm({ headers }: IncomingMessage): boolean {
  const [type = ''] = (headers['content-type'] ?? '').split(';')
  return type.trim().toLowerCase() === FORM
}

/** Within the bounds of every body. Rejects with `invalid_request` for a field that stands twice. */
export async function readFormBody(req: IncomingMessage): Promise<Record<string, string>> {
  const fields: Record<string, string> = Object.create(null)
  for (const [name, value] of new URLSearchParams(await readTextBody(req))) {
    if (name in fields) throw invalidField(`/${name}`, 'duplicate_key', 'stands twice')
    fields[name] = value
  }
  return { ...fields }
}
