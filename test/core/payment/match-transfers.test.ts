import { describe, expect, test } from 'vitest'
import { depthRule, tagRule } from '../../../src/core/chain/finality.ts'
import type { Transfer } from '../../../src/core/chain/transfer.ts'
import type { Address } from '../../../src/core/money/asset.ts'
import { matchTransfers, type OrderTerms } from '../../../src/core/payment/match-transfers.ts'
import { ETH, tokenAsset, USDC } from '../invoice/make-invoice.ts'

const OTHER = tokenAsset('OTHER', 6)
const SHOP: Address = `0x${'22'.repeat(20)}`
const LOOK_AHEAD: Address = `0x${'33'.repeat(20)}`
const STRANGER: Address = `0x${'44'.repeat(20)}`
const DEADLINE_S = 1_700_000_900
/** The address was given out when block 12 was the tip. */
const ISSUE_TIP = 12

/** A block that nothing but a node's word speaks for. */
const UNPROVEN = 77

const ORDER: OrderTerms = {
  invoiceId: 'inv_1',
  deadlineMs: DEADLINE_S * 1_000,
  isAfterIssue: (blockNumber) => blockNumber > ISSUE_TIP,
  finalityFor: (assetId) => (assetId === USDC.id ? depthRule(5) : null),
}

function transferTo(
  to: Address,
  parts: Partial<Transfer> & { atS?: number; number?: number } = {},
) {
  const { atS = DEADLINE_S - 60, number = 13, ...rest } = parts
  const transfer: Transfer = {
    chainId: 31337,
    block: {
      number,
      hash: `0x${number.toString(16).padStart(64, '0')}`,
      parentHash: `0x${'00'.repeat(32)}`,
      timestampS: atS,
    },
    place: 'log:0',
    kind: 'erc20',
    assetId: USDC.id,
    from: `0x${'11'.repeat(20)}`,
    to,
    amountUnits: 1n,
    txHash: `0x${'0c'.repeat(32)}`,
    logIndex: 0,
    ...rest,
  }
  return transfer
}

function match(...transfers: Transfer[]) {
  return matchTransfers(transfers, {
    assets: new Map([USDC, ETH, OTHER].map((asset) => [asset.id, asset])),
    strictestFinality: tagRule('finalized'),
    unproven: new Set([transferTo(SHOP, { number: UNPROVEN }).block.hash]),
    dustUnits: new Map([[ETH.id, 1_000n]]),
    recipientOf: (address) => {
      if (address === SHOP) return { storeId: 'st_1', order: ORDER }
      return address === LOOK_AHEAD ? { storeId: 'st_1', order: null } : null
    },
  })
}

describe('matchTransfers', () => {
  test('money in a block that is not proven waits until the block is final', () => {
    const [proven, unproven, byBalance] = match(
      transferTo(SHOP),
      transferTo(SHOP, { number: UNPROVEN }),
      transferTo(SHOP, { number: UNPROVEN, txHash: null }),
    )
    expect(proven?.finality).toEqual(depthRule(5))
    expect(unproven).toMatchObject({ finality: tagRule('finalized'), accepted: true })
    expect(byBalance?.finality).toEqual(tagRule('finalized'))
  })

  test('a transfer to an order in an accepted asset', () => {
    expect(match(transferTo(SHOP))).toMatchObject([
      {
        storeId: 'st_1',
        invoiceId: 'inv_1',
        position: 'included',
        finality: depthRule(5),
        accepted: true,
        inTime: true,
      },
    ])
  })

  test('transfers to strangers and in assets that are not listed are left out', () => {
    expect(match(transferTo(STRANGER))).toEqual([])
    expect(match(transferTo(SHOP, { assetId: tokenAsset('FAKE', 6).id }))).toEqual([])
  })

  test('in time is block time up to and with the deadline', () => {
    const inTime = (atS: number) => match(transferTo(SHOP, { atS }))[0]?.inTime
    expect([inTime(DEADLINE_S), inTime(DEADLINE_S + 1)]).toEqual([true, false])
  })

  test('PA-28 another asset belongs to the invoice without counting, at the highest depth', () => {
    expect(match(transferTo(SHOP, { assetId: OTHER.id }))).toMatchObject([
      { invoiceId: 'inv_1', accepted: false, finality: tagRule('finalized') },
    ])
  })

  test.each([
    ['PA-26 from before the issue', transferTo(SHOP, { number: ISSUE_TIP })],
    ['to a look-ahead address', transferTo(LOOK_AHEAD)],
  ])('money %s is unassigned: the store sees it, no invoice counts it', (_name, transfer) => {
    expect(match(transfer)).toMatchObject([
      { storeId: 'st_1', invoiceId: null, accepted: false, inTime: false },
    ])
  })

  test('PA-15 one transaction to several of us is several payments', () => {
    const payments = match(
      transferTo(SHOP, { place: 'log:0' }),
      transferTo(STRANGER, { place: 'log:1' }),
      transferTo(SHOP, { place: 'log:2' }),
    )
    expect(new Set(payments.map((payment) => payment.observation.id)).size).toBe(2)
  })
})
