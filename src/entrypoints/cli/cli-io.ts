import type { GatewayConfig } from '../../config.ts'
import type { Deps } from '../../operations/deps.ts'
import type { StateDirectory } from '../../ports/state-directory.ts'

/** What a command needs of an installation. */
export type Installation = Deps & {
  readonly config: GatewayConfig
  readonly state: StateDirectory
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
}
