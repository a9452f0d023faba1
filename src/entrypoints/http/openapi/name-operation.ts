/** Names of operations: in the API document, and as methods of the client that is made from it. */
import type { ApiRoute } from '../route.ts'

const VERB_OF = { PATCH: 'update', DELETE: 'delete' } as const

/**
 * `GET /v1/invoices` is `listInvoices`, `POST /v1/invoices/:id/cancel` is `cancelInvoice`. What stands
 * behind an id is a verb, or a list (in the plural) of what belongs to it.
 */
export function nameOperation({ method, path }: Pick<ApiRoute, 'method' | 'path'>): string {
  const words = path.split('/').slice(2)
  const last = words.at(-1) as string
  const isList = last.endsWith('s')
  const nouns = words.filter((word) => !word.startsWith(':'))
  if (words.at(-2)?.startsWith(':') && !isList) {
    const [verb = '', ...object] = last.split('-')
    return verb + nameOne(nouns.slice(0, -1)) + capitalise(object.join('-'))
  }
  if (method === 'PATCH' || method === 'DELETE') return VERB_OF[method] + nameOne(nouns)
  if (method === 'POST') return `create${nameOne(nouns)}`
  return isList ? `list${nameOne(nouns.slice(0, -1))}${capitalise(last)}` : `get${nameOne(nouns)}`
}

function nameOne(nouns: readonly string[]): string {
  return nouns.map((noun) => capitalise(toSingular(noun))).join('')
}

function toSingular(noun: string): string {
  return noun.replace(/ies$/, 'y').replace(/s$/, '')
}

/** `webhook-endpoint` -> `WebhookEndpoint`, `payments.csv` -> `PaymentsCsv`. */
function capitalise(text: string): string {
  return text
    .split(/[.-]/)
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('')
}
