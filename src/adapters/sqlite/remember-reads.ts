import type { ChangeSet } from '../../core/change-set.ts'
import type { Statements } from './statements.ts'

/** Answers remembered at the same time, e.g. one per API key in use. Beyond it all are forgotten. */
const MAX_REMEMBERED = 1_000

type Read<P extends unknown[], R> = (sql: Statements, ...parameters: P) => R

export type ReadMemory = {
  /** The same read, which asks the database only for what may have changed. */
  remember<P extends unknown[], R>(read: Read<P, R>): Read<P, R>
  /** To be told of every change set that was written, before anybody else is. */
  forgetChanged(changes: ChangeSet): void
}

/**
 * Remembers answers to the small reads that every request repeats: stores, API keys, endpoints and
 * tips of chains. They are right as long as nobody wrote any of these: our own writes are told, and
 * the version changes with the commit of any other connection (watch-version.ts).
 */
export function createReadMemory(sql: Statements, readVersion: () => number): ReadMemory {
  const answers = new Map<string, unknown>()
  let version: number | null = null
  let reads = 0

  const check = (): void => {
    const found = readVersion()
    if (found !== version) answers.clear()
    version = found
  }
  return {
    remember(read) {
      const name = String(reads++)
      return (_sql, ...parameters) => {
        check()
        const question = parameters.length === 0 ? name : name + JSON.stringify(parameters)
        if (answers.has(question)) return answers.get(question) as ReturnType<typeof read>
        const answer = read(sql, ...parameters)
        if (answers.size >= MAX_REMEMBERED) answers.clear()
        answers.set(question, answer)
        return answer
      }
    },
    forgetChanged({ stores, apiKeys, keyUses, endpoints, chain }) {
      const isChanged = [stores, apiKeys, keyUses, endpoints].some(
        (part) => (part?.length ?? 0) > 0,
      )
      if (isChanged || chain !== undefined) answers.clear()
    },
  }
}
