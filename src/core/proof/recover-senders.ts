/**
 * Who sent coins, by signature. No header commits to the sender that a node names; it commits to what
 * was signed and to the signature.
 */
import { keccak_256 } from '@noble/hashes/sha3'
import { bytesToHex } from '@noble/hashes/utils'
import type { BlockTransaction, VerifiedBlock } from '../chain/block.ts'
import { recoverSigner } from './recover-sender.ts'

/**
 * The block with the true senders of these transactions; the same object where all were true already.
 * Where no signature was read (proofs are off, or nobody signs the type) the node is believed. Takes
 * about a millisecond each.
 */
export function recoverSenders(
  block: VerifiedBlock,
  isWanted: (transaction: BlockTransaction) => boolean,
): VerifiedBlock {
  let isChanged = false
  const transactions = block.transactions.map((transaction) => {
    const { signing } = transaction
    if (signing === undefined || !isWanted(transaction)) return transaction
    const signer = recoverSigner(signing, keccak_256)
    if (signer === null) return transaction
    const from = `0x${bytesToHex(signer)}` as const
    if (from === transaction.from) return transaction
    isChanged = true
    return { ...transaction, from }
  })
  return isChanged ? { ...block, transactions } : block
}
