import type { Address } from '../core/money/asset.ts'

/**
 * Derivation of deposit addresses, remembered. Answers only from account keys the process was given;
 * never from what a database row claims.
 */
export type AddressBook = {
  /** The address of this account key and index; null when the account key is not known. */
  derive(fingerprint: string, index: number): Address | null
  /**
   * Derives these together, which costs less than one after the other, so that `derive` remembers
   * them. Indexes of an unknown account key are passed over.
   */
  prepare(fingerprint: string, indexes: readonly number[]): void
  /**
   * An account of the internal chain of a key of ours (pays for collecting, or pays out); what it
   * sends is no payment.
   */
  isSponsor(address: Address): boolean
  /** N of the account's path m/44'/60'/N'; null when the account key is not known. */
  accountNumberOf(fingerprint: string): number | null
}

/** Hands out derivation indexes, each once for ever, also across crashes and restored databases. */
export type IndexSource = {
  /** The next unused index of this account key; durable before it is returned. */
  reserve(fingerprint: string): Promise<number>
  /** The index that would be reserved next. */
  peek(fingerprint: string): number
  /** Reads where an account key stands; called once for each before anything is reserved. */
  open(fingerprint: string): Promise<void>
  /** Gives back what was reserved ahead and never handed out: a clean stop leaves no gap. */
  close(): void
}
