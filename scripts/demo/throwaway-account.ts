import { HDKey } from '@scure/bip32'
import { generateMnemonic, mnemonicToSeedSync } from 'bip39'

/** Path of the first account of a wallet (BIP-44, coin type 60). */
const ACCOUNT_PATH = "m/44'/60'/0'"

/** A merchant's account made for one run and forgotten. Real ones come from `quittance keys new`. */
export function createThrowawayAccount(): { xpub: string } {
  const account = HDKey.fromMasterSeed(mnemonicToSeedSync(generateMnemonic())).derive(ACCOUNT_PATH)
  return { xpub: account.publicExtendedKey }
}
