import { HDKey } from '@scure/bip32'
import { mnemonicToSeedSync } from 'bip39'
import { TEST_MNEMONIC } from './gateway-process.ts'

const seed = () => HDKey.fromMasterSeed(mnemonicToSeedSync(TEST_MNEMONIC))

/**
 * The key of any path of the well-known mnemonic. Account 0 is TEST_XPUB: its first ten addresses
 * are the accounts of the local node, so that its account 1 paying invoice 1 pays itself, which is
 * no payment. Tests that pay many invoices take another account.
 */
export function deriveKey(path: string): HDKey {
  return seed().derive(path)
}

/** The account-level xpub m/44'/60'/n'. */
export function accountXpub(account: number): string {
  return deriveKey(`m/44'/60'/${account}'`).publicExtendedKey
}
