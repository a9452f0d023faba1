import type { InputFault } from '../errors.ts'
import { type Environment, listVariables } from './environment.ts'
import { createFault, toPointer } from './faults.ts'
import { describeSecret, recogniseSecret, type SecretKind } from './recognise-secret.ts'

/** The one place for 32 secret bytes in hex, and the two for an account key. */
const SECRET_KEY_VARIABLE = 'QUITTANCE_SECRET_KEY'
const XPUB_PLACES: ReadonlySet<string> = new Set(['QUITTANCE_XPUB', '/xpub'])

/** A fault for every text, name or list of words in the file that looks like a key. */
export function findFileSecrets(value: unknown, path: readonly string[] = []): InputFault[] {
  if (typeof value === 'string') return judge(toPointer(path), value)
  if (Array.isArray(value)) {
    const inner = value.flatMap((entry, index) => findFileSecrets(entry, [...path, String(index)]))
    // A mnemonic as a list of words: no word of it looks like one.
    const words = value.filter((entry) => typeof entry === 'string')
    return inner.length > 0 ? inner : judge(toPointer(path), words.join(' '))
  }
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, entry]) => [
    ...judge(toPointer([...path, name]), name),
    ...findFileSecrets(entry, [...path, name]),
  ])
}

/** The same for the variables of the gateway, also for those it does not know. */
export function findEnvironmentSecrets(env: Environment): InputFault[] {
  return listVariables(env).flatMap(([name, text]) => judge(name, text))
}

function judge(place: string, text: string): InputFault[] {
  const kind = recogniseSecret(text)
  return kind === null || isAtHome(place, kind)
    ? []
    : [createFault(place, kind, describeSecret(kind))]
}

function isAtHome(place: string, kind: SecretKind): boolean {
  if (kind === 'private_key') return place === SECRET_KEY_VARIABLE
  return kind === 'extended_public_key' && XPUB_PLACES.has(place)
}
