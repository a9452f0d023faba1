type Fields = Readonly<Record<string, unknown>>

/** Structured log lines. Fields never hold secrets; adapters redact known names on top. */
export type Logger = {
  debug(fields: Fields, message: string): void
  info(fields: Fields, message: string): void
  warn(fields: Fields, message: string): void
  error(fields: Fields, message: string): void
}
