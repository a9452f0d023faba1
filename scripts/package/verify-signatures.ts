/**
 * Asks the registry whether it signed every installed package. A registry that serves no
 * signatures, or is not reached, proves nothing either way: that is said, and is no failure.
 */
import { runNpm } from './run-npm.ts'

export type SignatureVerdict = {
  readonly kind: 'verified' | 'refused' | 'skipped'
  readonly detail: string
}

/**
 * Codes of npm and Node for a registry, or its keys, that cannot be asked; and npm's words for none.
 * What is wrong about a signature has codes of its own, or comes as a list.
 */
const UNANSWERED = new RegExp(
  [
    '^(ENOTFOUND|ECONN[A-Z]+|EAI_[A-Z]+|E(NET|HOST)UNREACH|EPIPE|EPROTO|FETCH_ERROR)$',
    '^(ETIMEDOUT|E[A-Z]+TIMEOUT|ERR_(SOCKET|TLS)_[A-Z_]+)$',
    '^((DEPTH_ZERO_)?SELF_SIGNED_CERT[A-Z_]*|UNABLE_TO_[A-Z_]+|CERT_[A-Z_]+)$',
    '^(ENOAUDIT|E4[0-9]{2}|E5[0-9]{2}|TUF_[A-Z_]+)$',
    '^found no dependencies to audit',
  ].join('|'),
)

/** Once only: whether it answers does not depend on patience, and a check must not take minutes. */
const ARGS = ['audit', 'signatures', '--json', '--fetch-retries=0', '--fetch-timeout=20000']

export function verifySignatures(): SignatureVerdict {
  return judgeSignatures(runNpm(ARGS).stdout)
}

/** What `npm audit signatures --json` printed. What is not understood is refused, never passed over. */
export function judgeSignatures(output: string): SignatureVerdict {
  const answer = parse(output)
  if (answer?.error !== undefined) {
    const { code, summary = '' } = answer.error
    const reason = [code, summary].find((text) => UNANSWERED.test(text ?? ''))
    if (reason === undefined) return { kind: 'refused', detail: summary || 'npm failed' }
    return { kind: 'skipped', detail: `the registry or its keys did not answer: ${reason}` }
  }
  const { invalid, missing } = answer ?? {}
  if (!Array.isArray(invalid) || !Array.isArray(missing)) {
    return { kind: 'refused', detail: 'npm said nothing that is understood here' }
  }
  if (invalid.length === 0 && missing.length === 0) {
    return { kind: 'verified', detail: 'every package is signed by its registry' }
  }
  const list = (word: string, packages: readonly Signed[]) =>
    packages.map(({ name, version }) => `${word}: ${name}@${version}`)
  return {
    kind: 'refused',
    detail: [...list('invalid', invalid), ...list('missing', missing)].join(', '),
  }
}

type Signed = { readonly name: string; readonly version: string }
type NpmAnswer = {
  readonly invalid?: readonly Signed[]
  readonly missing?: readonly Signed[]
  readonly error?: { readonly code?: string | null; readonly summary?: string }
}

function parse(output: string): NpmAnswer | null {
  try {
    return JSON.parse(output) as NpmAnswer
  } catch {
    return null
  }
}
