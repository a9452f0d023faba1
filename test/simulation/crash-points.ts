/**
 * Every await of an operation on the world outside is a place where the process may die: before the
 * call, after it took effect, and between two statements of the state directory. A run counts the
 * places; its trouble strikes at one of them.
 */
import { GatewayError } from '../../src/errors.ts'
import type { ChainSource } from '../../src/ports/chain-source.ts'
import type { LogSource } from '../../src/ports/log-source.ts'
import type { NativeSource } from '../../src/ports/native-source.ts'
import type { StateDirectory } from '../../src/ports/state-directory.ts'
import type { Store } from '../../src/ports/store.ts'
import type { WebhookSender } from '../../src/ports/webhook-sender.ts'
import type { Random } from './random.ts'

export type Trouble = {
  readonly kind: /** The process dies here. */
    | 'crash'
    /** The store refuses this call, nothing was written. */
    | 'storage'
    /** The call took effect, and the answer says that it failed. */
    | 'outcome_unknown'
  /** Which place, counted from 1 within the run. */
  readonly at: number
}

export class Crash extends Error {
  constructor() {
    super('the process died')
    this.name = 'Crash'
  }
}

/** Whether the process lives: what is under way in a dead one ends at its next place. */
export type Life = { isAlive: boolean }

export type Run = {
  /** Waits a while, so that jobs under way together do not begin in step. */
  begin(): Promise<void>
  /** A place before a call. */
  enter(isStore: boolean): Promise<void>
  /** A place after the call took effect. */
  leave(isStore: boolean): Promise<void>
  /** A place in code that does not await. */
  step(): void
  /** How many places were passed. */
  places(): number
  struck(): boolean
}

/** Microtasks waited at a place, at most, so that operations under way together mix. */
const YIELDS_MAX = 3
/** Microtasks until a job begins, at most: about as long as a poll takes. */
const HEAD_START_MAX = 80

export function createRun(life: Life, trouble: Trouble | null, mixing: Random | null): Run {
  let places = 0
  let pending = trouble
  const count = (isStore: boolean, hasTakenEffect: boolean): void => {
    if (!life.isAlive) throw new Crash()
    places += 1
    if (pending === null || places < pending.at) return
    const { kind } = pending
    if (kind !== 'crash' && (!isStore || hasTakenEffect !== (kind === 'outcome_unknown'))) return
    pending = null
    if (kind !== 'crash') throw new GatewayError('storage_unavailable', 'simulated disk fault')
    life.isAlive = false
    throw new Crash()
  }
  const mix = async (most = YIELDS_MAX): Promise<void> => {
    if (mixing === null) return
    for (let i = mixing.below(most + 1); i > 0; i--) await null
  }
  return {
    begin: () => mix(HEAD_START_MAX),
    async enter(isStore) {
      await mix()
      count(isStore, false)
    },
    async leave(isStore) {
      await mix()
      count(isStore, true)
    },
    step: () => count(false, false),
    places: () => places,
    struck: () => trouble !== null && pending === null,
  }
}

/** What only tells of earlier answers answers at once: no place to die at. */
const ASKS_NOTHING: ReadonlySet<string> = new Set([
  'genesisHash',
  'describeProviders',
  'describeAgreement',
] satisfies (keyof ChainSource)[])

type Method = (...args: unknown[]) => Promise<unknown>

/** Calls every method of a port between two places; `onResult` sees each call that took effect. */
function guard<Port extends object>(
  port: Port,
  run: Run,
  isStore: boolean,
  onResult: (name: string, args: readonly unknown[], result: unknown) => void = () => {},
): Port {
  return new Proxy(port, {
    get(target, name) {
      const value = Reflect.get(target, name) as unknown
      if (typeof value !== 'function' || ASKS_NOTHING.has(String(name))) return value
      return async (...args: unknown[]) => {
        await run.enter(isStore)
        const result = await (value as Method).apply(target, args)
        onResult(String(name), args, result)
        await run.leave(isStore)
        return result
      }
    },
  })
}

export function guardStore(
  store: Store,
  run: Run,
  onResult: (name: string, args: readonly unknown[], result: unknown) => void,
): Store {
  return guard(store, run, true, onResult)
}

export function guardSource(source: ChainSource, run: Run): ChainSource {
  return guard(source, run, false)
}

export function guardLogs(logs: LogSource, run: Run): LogSource {
  return guard(logs, run, false)
}

export function guardNative(native: NativeSource, run: Run): NativeSource {
  return guard(native, run, false)
}

export function guardSender(sender: WebhookSender, run: Run): WebhookSender {
  return guard(sender, run, false)
}

/** Pins and marks survive the process; it may die before or after each of them is written. */
export function guardState(state: StateDirectory, run: () => Run | null): StateDirectory {
  const write = (action: () => void): void => {
    run()?.step()
    action()
    run()?.step()
  }
  return {
    readMark: (fingerprint) => state.readMark(fingerprint),
    readPins: () => state.readPins(),
    raiseMark: (fingerprint, value) => write(() => state.raiseMark(fingerprint, value)),
    lowerMark: (fingerprint, value) => write(() => state.lowerMark(fingerprint, value)),
    pin: (name, fingerprint) => write(() => state.pin(name, fingerprint)),
    replacePin: (name, fingerprint) => write(() => state.replacePin(name, fingerprint)),
  }
}

export function createMemoryStateDirectory(): StateDirectory {
  const marks = new Map<string, number>()
  const pins = new Map<string, string>()
  return {
    readMark: (fingerprint) => marks.get(fingerprint) ?? 0,
    raiseMark(fingerprint, value) {
      marks.set(fingerprint, Math.max(value, marks.get(fingerprint) ?? 0))
    },
    lowerMark(fingerprint, value) {
      marks.set(fingerprint, Math.min(value, marks.get(fingerprint) ?? 0))
    },
    readPins: () => pins,
    pin(name, fingerprint) {
      if ((pins.get(name) ?? fingerprint) !== fingerprint) {
        throw new GatewayError('xpub_mismatch', 'another key is pinned')
      }
      pins.set(name, fingerprint)
    },
    replacePin: (name, fingerprint) => void pins.set(name, fingerprint),
  }
}
