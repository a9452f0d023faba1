/**
 * Keeps small secrets unreadable at rest. The context (e.g. the endpoint id) is bound to the sealed
 * text: moved to another row, it does not open. `open` throws when key, context or text do not fit.
 */
export type Vault = {
  seal(plaintext: string, context: string): string
  open(sealed: string, context: string): string
}
