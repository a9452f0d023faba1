/** The private keys of one account, derived one at a time and wiped. */
import { HDKey } from '@scure/bip32'
import { assert } from '../../core/assert.ts'
import { parseAccountKey, publicKeyToAddress } from '../../core/keys/deposit-address.ts'
import type { Address } from '../../core/money/asset.ts'
import { accountPath } from './account.ts'
import type { Signers } from './sign-transactions.ts'

/** BIP-44: addresses shown to others, and those that never are. */
const EXTERNAL_CHAIN = 0
const INTERNAL_CHAIN = 1

export type SweepKeys = Signers & {
  readonly fingerprint: string
  internalAddress(index: number): Address
  depositAddress(index: number): Address
  /** Overwrites what was derived; afterwards nothing can be signed. */
  wipe(): void
}

/** Opens the account of a seed. The seed is the caller's to forget. */
export function openSweepKeys(seed: Uint8Array, accountNumber: number): SweepKeys {
  const root = HDKey.fromMasterSeed(seed)
  const account = root.derive(accountPath(accountNumber))
  root.wipePrivateData()
  const parsed = parseAccountKey(account.publicExtendedKey)
  assert(parsed.ok, 'a derived account key is one the gateway accepts')
  const chains = [account.deriveChild(EXTERNAL_CHAIN), account.deriveChild(INTERNAL_CHAIN)] as const
  const addressOf = (chain: HDKey, index: number) =>
    publicKeyToAddress(chain.deriveChild(index).publicKey as Uint8Array)
  const useKey = async <T>(
    chain: HDKey,
    index: number,
    use: (privateKey: `0x${string}`) => Promise<T>,
  ): Promise<T> => {
    const node = chain.deriveChild(index)
    assert(node.privateKey !== null, 'keys are used before they are wiped')
    try {
      return await use(`0x${Buffer.from(node.privateKey).toString('hex')}`)
    } finally {
      node.wipePrivateData()
    }
  }
  return {
    fingerprint: parsed.key.fingerprint,
    depositAddress: (index) => addressOf(chains[0], index),
    internalAddress: (index) => addressOf(chains[1], index),
    deposit: (index, use) => useKey(chains[0], index, use),
    internal: (index, use) => useKey(chains[1], index, use),
    wipe() {
      for (const node of [account, ...chains]) node.wipePrivateData()
    },
  }
}
