import type { GatewayConfig } from '../../config.ts'
import type { ChainSettings } from '../../core/chain/chain-settings.ts'
import type { Deps } from '../../operations/deps.ts'
import type { ChainSource } from '../../ports/chain-source.ts'
import type { NativeSource } from '../../ports/native-source.ts'
import type { PayoutJournal } from '../../ports/payout-journal.ts'
import type { StateDirectory } from '../../ports/state-directory.ts'

/** What a command needs of an installation. */
export type Installation = Deps & {
  readonly config: GatewayConfig
  readonly state: StateDirectory
}

/** An installation and the nodes of one of its chains. */
export type WatchedChain = Installation & {
  readonly settings: ChainSettings
  readonly source: ChainSource
  readonly native: NativeSource
}

export type ChainChoice = {
  /** As it was typed; undefined where there is one chain alone. */
  readonly chain: string | undefined
  /** A word for the lock: this task keeps `serve` out. Null works beside it. */
  readonly lockFor: string | null
}

/** What commands touch of the world; main.ts gives the real one. */
export type CliIo = {
  /** One line for people or programs, on stdout. */
  print(line: string): void
  /** One line for people, on stderr. */
  warn(line: string): void
  setExitCode(code: number): void
  /** Reads and checks the configuration; rejects with `invalid_configuration`. */
  loadConfig(): GatewayConfig
  /** Opens state and database for one task, beside a running gateway if there is one. */
  withInstallation<T>(task: (installation: Installation) => Promise<T>): Promise<T>
  /** The same, for one at a time: whoever plans payouts must know of all others. */
  withPayouts<T>(
    task: (installation: Installation & { readonly journal: PayoutJournal }) => Promise<T>,
  ): Promise<T>
  /** The same for one chain, with its account keys open. */
  withChain<T>(choice: ChainChoice, task: (chain: WatchedChain) => Promise<T>): Promise<T>
}
