import { pbkdf2Sync } from 'node:crypto'
import { type Address, type Hex, toHex } from 'viem'
import { HDKey, privateKeyToAddress } from 'viem/accounts'

export type DevAccount = { address: Address; privateKey: Hex }

/**
 * The mnemonic every local node ships with. Public: whoever sends real money to its addresses loses
 * it.
 */
export const DEV_MNEMONIC = 'test test test test test test test test test test test junk'

/** Derives the accounts a local node funds at genesis, in its order (m/44'/60'/0'/0/index). */
export function deriveDevAccounts(count = 10): DevAccount[] {
  const seed = pbkdf2Sync(DEV_MNEMONIC, 'mnemonic', 2048, 64, 'sha512') // BIP-39, no passphrase
  const parent = HDKey.fromMasterSeed(seed).derive("m/44'/60'/0'/0")
  return Array.from({ length: count }, (_, index) => {
    const key = parent.deriveChild(index).privateKey
    if (key === null) throw new Error(`no private key at index ${index}`)
    const privateKey = toHex(key)
    return { address: privateKeyToAddress(privateKey), privateKey }
  })
}
