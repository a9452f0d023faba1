/** Where unguessable bytes come from. */
export type IdSource = { randomBytes(count: number): Uint8Array }
