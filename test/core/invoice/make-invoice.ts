import type { BlockRef } from '../../../src/core/chain/block.ts'
import { depthRule } from '../../../src/core/chain/finality.ts'
import { createLocalChain, type LocalChain } from '../../../src/core/chain/local-chain.ts'
import type { Invoice, PaymentOption, Terms } from '../../../src/core/invoice/invoice.ts'
import { type Asset, nativeAssetId, tokenAssetId } from '../../../src/core/money/asset.ts'
import { ZERO } from '../../../src/core/money/fraction.ts'
import type { Payment, Position } from '../../../src/core/payment/payment.ts'

export const CREATED_AT_MS = Date.UTC(2026, 10, 22, 10, 0, 0)
export const EXPIRES_AT_MS = CREATED_AT_MS + 900_000

export function tokenAsset(symbol: string, decimals: number, chainId = 31337): Asset {
  const hex = Buffer.from(`${symbol}${decimals}`).toString('hex').padEnd(40, '0').slice(0, 40)
  const token = `0x${hex}` as const
  return { id: tokenAssetId(chainId, token), chainId, token, symbol, decimals }
}

export function nativeAsset(chainId = 31337): Asset {
  return { id: nativeAssetId(chainId), chainId, token: null, symbol: 'ETH', decimals: 18 }
}

export const USDC = tokenAsset('USDC', 6)
export const ETH = nativeAsset()

export function makeOption(
  asset: Asset,
  amountDueUnits: bigint,
  parts: Partial<PaymentOption> = {},
): PaymentOption {
  return {
    asset,
    chainName: 'Local',
    networkName: 'Local network',
    amountDueUnits,
    rate: null,
    finality: depthRule(5),
    ...parts,
  }
}

/** An open invoice over 25 USDC or 0.01 ETH. */
export function makeInvoice(parts: Partial<Invoice> = {}, terms: Partial<Terms> = {}): Invoice {
  return {
    id: 'inv_1',
    storeId: 'st_1',
    token: 'token',
    status: 'open',
    terms: {
      price: { amount: '25.00', currency: 'USD' },
      options: [makeOption(USDC, 25_000_000n), makeOption(ETH, 10n ** 16n)],
      toleranceBps: 0,
      expiresAtMs: EXPIRES_AT_MS,
      graceMs: 0,
      ...terms,
    },
    address: '0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed',
    fingerprint: '00'.repeat(16),
    accountNumber: 0,
    derivationIndex: 7,
    orderId: null,
    description: null,
    metadata: null,
    redirectUrl: null,
    createdAtMs: CREATED_AT_MS,
    settledAtMs: null,
    acceptedShare: null,
    noted: { seenShare: ZERO, confirmedShare: ZERO },
    sequence: 1,
    revision: 1,
    ...parts,
  }
}

type PaymentParts = {
  readonly position?: Position
  readonly inTime?: boolean
  readonly accepted?: boolean
  readonly place?: string
  readonly countedUnits?: bigint
  readonly dust?: boolean
}

export function makePayment(asset: Asset, amountUnits: bigint, parts: PaymentParts = {}): Payment {
  const { position = 'confirmed', inTime = true, accepted = true, place = 'log:0' } = parts
  return {
    observation: {
      id: `pay_${place}`,
      chainId: asset.chainId,
      blockHash: `0x${'0b'.repeat(32)}`,
      blockNumber: 12,
      blockTimestampS: CREATED_AT_MS / 1_000 + 60,
      place,
      kind: asset.token === null ? 'native' : 'erc20',
      asset,
      from: `0x${'11'.repeat(20)}`,
      to: '0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed',
      amountUnits,
      txHash: `0x${'0c'.repeat(32)}`,
      logIndex: asset.token === null ? null : 0,
    },
    heldByCap: false,
    storeId: 'st_1',
    invoiceId: 'inv_1',
    position,
    finality: depthRule(5),
    countedUnits: parts.countedUnits ?? (parts.dust ? 0n : amountUnits),
    dust: parts.dust ?? false,
    attributions: [],
    accepted,
    inTime,
    revision: 1,
  }
}

/** A chain of `length` blocks whose tip has this time; 12 s between blocks. */
export function chainUpTo(tipMs: number, length = 50, chainId = 31337): LocalChain {
  const blocks = Array.from({ length }, (_, i): BlockRef => {
    const age = length - 1 - i
    return {
      number: i,
      hash: hashAt(i),
      parentHash: hashAt(i - 1),
      timestampS: tipMs / 1_000 - age * 12,
    }
  })
  return createLocalChain(chainId, blocks)
}

/** Before the deadline: nothing has passed. */
export const EARLY = { nowMs: CREATED_AT_MS, chainOf: () => chainUpTo(CREATED_AT_MS) }

/** Long after it, by the wall clock and by the chain. */
export const LATE = {
  nowMs: EXPIRES_AT_MS + 3_600_000,
  chainOf: (chainId: number) => chainUpTo(EXPIRES_AT_MS + 3_600_000, 50, chainId),
}

function hashAt(number: number): `0x${string}` {
  return `0x${(number + 1).toString(16).padStart(64, '0')}`
}
