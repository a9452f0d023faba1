import fc from 'fast-check'
import { encodeFunctionData, getCreate2Address, keccak256, parseAbi } from 'viem'
import { describe, expect, test } from 'vitest'
import { type Address, toChecksumAddress } from '../../../src/core/money/asset.ts'
import {
  CREATE2_DEPLOYER,
  DELEGATE_TEMPLATE,
  DELEGATE_TEMPLATE_HASH,
  delegateAddress,
  delegateCreationCode,
} from '../../../src/core/sweep/delegate-code.ts'
import { encodeSweepAll, encodeTransfer } from '../../../src/core/sweep/encode-calls.ts'
import { sampleAddress } from '../../support/fixtures.ts'

const ABI = parseAbi([
  'function transfer(address to, uint256 amount) returns (bool)',
  'function sweepAll(address[] accounts, address[] tokens)',
])
const UINT256_MAX = 2n ** 256n - 1n
const NOBODY: Address = `0x${'0'.repeat(40)}`

/** As it is written to people, or in lower case. */
const addresses = fc
  .tuple(fc.uint8Array({ minLength: 20, maxLength: 20 }), fc.boolean())
  .map(([bytes, forPeople]): Address => {
    const address: Address = `0x${Buffer.from(bytes).toString('hex')}`
    return forPeople ? toChecksumAddress(address) : address
  })

describe('calldata is what an independent library writes', () => {
  test('of a transfer', () => {
    const units = fc.bigInt({ min: 0n, max: UINT256_MAX })
    fc.assert(
      fc.property(addresses, units, (to, amount) => {
        const args = [to, amount] as const
        expect(encodeTransfer(to, amount)).toBe(
          encodeFunctionData({ abi: ABI, functionName: 'transfer', args }),
        )
      }),
      {
        examples: [
          [NOBODY, 0n],
          [NOBODY, UINT256_MAX],
        ],
      },
    )
  })

  test('of a collection of any lists, empty ones too', () => {
    const lists = fc.array(addresses, { maxLength: 70 })
    fc.assert(
      fc.property(lists, lists, (accounts, tokens) => {
        const args = [accounts, tokens] as const
        expect(encodeSweepAll(accounts, tokens)).toBe(
          encodeFunctionData({ abi: ABI, functionName: 'sweepAll', args }),
        )
      }),
      {
        examples: [
          [[], []],
          [[NOBODY], []],
          [[], [NOBODY]],
        ],
      },
    )
  })

  test('and a delegate stands where CREATE2 puts it', () => {
    expect(DELEGATE_TEMPLATE_HASH).toBe(keccak256(DELEGATE_TEMPLATE))
    fc.assert(
      fc.property(addresses, (treasury) => {
        const known = getCreate2Address({
          from: CREATE2_DEPLOYER,
          salt: `0x${'0'.repeat(64)}`,
          bytecode: delegateCreationCode(treasury),
        })
        expect(delegateAddress(treasury)).toBe(known.toLowerCase())
        expect(delegateCreationCode(treasury).endsWith(treasury.slice(2).toLowerCase())).toBe(true)
      }),
      { numRuns: 20 },
    )
  })
})

describe('calldata is not written', () => {
  test.each([-1n, UINT256_MAX + 1n])('of an amount of %i', (units) => {
    expect(() => encodeTransfer(sampleAddress(1), units)).toThrow('fits a word')
  })

  test.each([
    '0x',
    sampleAddress(1).slice(0, -1),
    `${sampleAddress(1)}0`,
    sampleAddress(1).slice(2),
    `${sampleAddress(1).slice(0, -1)}g`,
  ])('with %j as an address', (text) => {
    const address = text as Address
    expect(() => encodeTransfer(address, 1n)).toThrow('20 bytes')
    expect(() => encodeSweepAll([address], [sampleAddress(2)])).toThrow('20 bytes')
    expect(() => encodeSweepAll([sampleAddress(2)], [address])).toThrow('20 bytes')
    expect(() => delegateAddress(address)).toThrow('20 bytes')
  })
})
