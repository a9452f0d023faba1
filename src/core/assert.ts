/** A broken invariant is a bug of ours: stop, do not guess. The world's failures are GatewayErrors. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`invariant broken: ${message}`)
}

/** Closes an exhaustive `switch`: a new variant fails to compile where it is not dealt with. */
export function unreachable(value: never): never {
  throw new Error(`invariant broken: unexpected variant ${JSON.stringify(value)}`)
}
