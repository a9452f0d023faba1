import { keccak_256 } from '@noble/hashes/sha3'
import { bytesToHex } from 'viem'
import { expect, test } from 'vitest'
import { readSigning, recoverSigner } from '../../../src/core/proof/recover-sender.ts'
import { createRlpSink } from '../../../src/core/proof/rlp-sink.ts'
import {
  TRANSACTION_FIELDS,
  type TransactionSpans,
} from '../../../src/core/proof/write-transaction.ts'

/** EIP-155's own example: signed for chain 1 by the key of 32 times 0x46. */
const EXAMPLE = {
  nonce: '0x9',
  gasPrice: '0x4a817c800',
  gas: '0x5208',
  to: '0x3535353535353535353535353535353535353535',
  value: '0xde0b6b3a7640000',
  input: '0x',
  v: '0x25',
  r: '0x28ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276',
  s: '0x67cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb1966a3b6d83',
}
const SENDER = '0x9d8a62f656a8d1615c1294fd71e9cfb3e4855a4f'

/** Digits begin behind the first byte, since place 0 means absent. */
function spansOf(fields: Readonly<Record<string, string>>): TransactionSpans {
  const bounds = new Int32Array(2 * TRANSACTION_FIELDS.length)
  let text = ' '
  for (const [place, name] of TRANSACTION_FIELDS.entries()) {
    const value = fields[name]
    if (value === undefined) continue
    bounds[2 * place] = text.length
    text += value.slice(2)
    bounds[2 * place + 1] = text.length
  }
  const source = new TextEncoder().encode(`${text} `)
  const lists = { accessList: null, blobVersionedHashes: null, authorizationList: null }
  return { type: 0, source, bounds, ...lists, isSystemTx: false }
}

const recover = (fields: Readonly<Record<string, string>>, type = 0) => {
  const signing = readSigning(createRlpSink(16), { ...spansOf(fields), type }, keccak_256)
  const sender = signing === null ? null : recoverSigner(signing, keccak_256)
  return sender === null ? null : bytesToHex(sender)
}

test('of a legacy transaction with a chain id, by the example of EIP-155', () => {
  expect(recover(EXAMPLE)).toBe(SENDER)
})

test('another field, chain or parity has another sender', () => {
  for (const change of [{ value: '0x1' }, { v: '0x26' }, { v: '0x27' }, { v: '0x1b' }]) {
    expect(recover({ ...EXAMPLE, ...change })).not.toBe(SENDER)
  }
})

test('nobody where there is no signature, or none that can be', () => {
  const { r: _, ...unsigned } = EXAMPLE
  expect(recover(unsigned)).toBeNull()
  expect(recover({ ...EXAMPLE, r: '0x0', s: '0x0' })).toBeNull()
  expect(recover({ ...EXAMPLE, v: '0x0' })).toBeNull()
  expect(recover(EXAMPLE, 0x7e)).toBeNull()
  expect(recover(EXAMPLE, 0x6a)).toBeNull()
})
