import { HDKey } from '@scure/bip32'
import { assert } from '../../core/assert.ts'
import {
  type AccountKey,
  derivationPath,
  deriveDepositAddress,
  parseAccountKey,
} from '../../core/keys/deposit-address.ts'
import { toChecksumAddress } from '../../core/money/asset.ts'

export type Account = {
  readonly key: AccountKey
  /** `m/44'/60'/N'`. */
  readonly path: string
  /** N of the path. */
  readonly number: number
}

export type ListedAddress = {
  readonly index: number
  readonly path: string
  /** EIP-55 form. */
  readonly address: string
}

/** The account of a seed. Private keys exist inside this call only; what comes out is public. */
export function deriveAccount(seed: Uint8Array, number: number): Account {
  const path = accountPath(number)
  const root = HDKey.fromMasterSeed(seed)
  const node = root.derive(path)
  const xpub = node.publicExtendedKey
  root.wipePrivateData()
  node.wipePrivateData()
  const parsed = parseAccountKey(xpub)
  assert(parsed.ok, 'a derived account key is one the gateway accepts')
  return { key: parsed.key, path, number }
}

/** The address at an index, for people: checksummed, with the path a wallet would need. */
export function listAddress(account: Account, index: number): ListedAddress {
  return {
    index,
    path: derivationPath(index, account.number),
    address: toChecksumAddress(deriveDepositAddress(account.key, index)),
  }
}

export function accountPath(number: number): string {
  return `m/44'/60'/${number}'`
}
