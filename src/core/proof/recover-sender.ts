/**
 * Who signed a transaction. No root commits to the sender that a node names: one who names the
 * recipient in its place makes a payment look like a transfer to oneself, which is none.
 */
import { secp256k1 } from '@noble/curves/secp256k1'
import type { Signing } from '../chain/block.ts'
import type { RlpSink } from './rlp-sink.ts'
import type { Keccak } from './trie-root.ts'
import { readSignature, type TransactionSpans, writeSigned } from './write-transaction.ts'

const ADDRESS_BYTES = 20

/** What the sender of a transaction signed, and how; null where the type has no signature. */
export function readSigning(
  sink: RlpSink,
  transaction: TransactionSpans,
  keccak: Keccak,
): Signing | null {
  const before = sink.end
  const begin = writeSigned(sink, transaction)
  const digest = begin === -1 ? null : keccak(sink.bytes.subarray(begin, sink.end))
  sink.end = before
  const signature = readSignature(transaction)
  return digest === null || signature === null ? null : { digest, ...signature }
}

/** 20 bytes, or null where the signature is none. */
export function recoverSigner({ digest, r, s, isOdd }: Signing, keccak: Keccak): Uint8Array | null {
  try {
    const key = new secp256k1.Signature(r, s).addRecoveryBit(isOdd ? 1 : 0).recoverPublicKey(digest)
    return keccak(key.toRawBytes(false).subarray(1)).slice(-ADDRESS_BYTES)
  } catch {
    return null
  }
}
