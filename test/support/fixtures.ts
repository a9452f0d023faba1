/**
 * Valid sample entities. `n` makes the identity (ids, tokens, hashes), so that two samples of one
 * kind never clash unless a test wants it; everything else is given by overrides.
 */

import type { BlockRef } from '../../src/core/chain/block.ts'
import { depthRule } from '../../src/core/chain/finality.ts'
import type { IdempotencyRecord } from '../../src/core/change-set.ts'
import type { Invoice, PaymentOption, Terms } from '../../src/core/invoice/invoice.ts'
import {
  type Address,
  type Asset,
  type Hash,
  nativeAssetId,
  tokenAssetId,
} from '../../src/core/money/asset.ts'
import { ZERO } from '../../src/core/money/fraction.ts'
import type { Attribution } from '../../src/core/payment/attribution.ts'
import { type Outflow, outflowId } from '../../src/core/payment/outflow.ts'
import { type Observation, observationId, type Payment } from '../../src/core/payment/payment.ts'
import type { Refund } from '../../src/core/refund/refund.ts'
import {
  type ApiKey,
  DEFAULT_SETTINGS,
  type DepositAddress,
  type StoreAccount,
} from '../../src/core/store-account/store-account.ts'
import type { Delivery, DeliveryAttempt, WebhookEndpoint } from '../../src/core/webhook/delivery.ts'
import type { Event } from '../../src/core/webhook/event.ts'

/** A moment all samples are made around: 2026-01-01T00:00:00Z. */
export const SAMPLE_TIME_MS = 1_767_225_600_000
export const SAMPLE_CHAIN_ID = 31_337
export const SAMPLE_FINGERPRINT = '00112233445566778899aabbccddeeff'

const TOKEN: Address = '0x5fbdb2315678afecb367f032d93f642f64180aa3'

/** A token of six digits on the local chain. */
export const SAMPLE_TOKEN: Asset = {
  id: tokenAssetId(SAMPLE_CHAIN_ID, TOKEN),
  chainId: SAMPLE_CHAIN_ID,
  token: TOKEN,
  symbol: 'USDC',
  decimals: 6,
}

export const SAMPLE_COIN: Asset = {
  id: nativeAssetId(SAMPLE_CHAIN_ID),
  chainId: SAMPLE_CHAIN_ID,
  token: null,
  symbol: 'ETH',
  decimals: 18,
}

/** 20 bytes that end in n. */
export function sampleAddress(n: number): Address {
  return `0x${n.toString(16).padStart(40, '0')}`
}

/** 32 bytes that end in n; `branch` tells blocks of one height apart. */
export function sampleHash(n: number, branch = 'a'): Hash {
  return `0x${branch.padEnd(8, '0')}${n.toString(16).padStart(56, '0')}`
}

export function sampleStore(overrides: Partial<StoreAccount> = {}): StoreAccount {
  return {
    id: 'st_sample',
    name: 'Sample shop',
    xpub: 'xpub-sample',
    fingerprint: SAMPLE_FINGERPRINT,
    formerXpubs: [],
    settings: DEFAULT_SETTINGS,
    createdAtMs: SAMPLE_TIME_MS,
    revision: 1,
    ...overrides,
  }
}

export function sampleApiKey(n: number, overrides: Partial<ApiKey> = {}): ApiKey {
  return {
    id: `key_${n}`,
    storeId: 'st_sample',
    name: `key ${n}`,
    hash: n.toString(16).padStart(64, '0'),
    prefix: `qk_${n}`,
    scopes: ['invoices:read', 'invoices:write'],
    createdAtMs: SAMPLE_TIME_MS,
    expiresAtMs: null,
    revokedAtMs: null,
    lastUsedAtMs: null,
    revision: 1,
    ...overrides,
  }
}

export function sampleOption(overrides: Partial<PaymentOption> = {}): PaymentOption {
  return {
    asset: SAMPLE_TOKEN,
    chainName: 'local',
    networkName: 'local network',
    amountDueUnits: 25_000_000n,
    rate: { value: '1', source: 'fixed', atMs: SAMPLE_TIME_MS },
    finality: depthRule(3),
    ...overrides,
  }
}

export function sampleTerms(overrides: Partial<Terms> = {}): Terms {
  return {
    price: { amount: '25', currency: 'USD' },
    options: [sampleOption()],
    toleranceBps: 0,
    expiresAtMs: SAMPLE_TIME_MS + 900_000,
    graceMs: 60_000,
    ...overrides,
  }
}

export function sampleInvoice(n: number, overrides: Partial<Invoice> = {}): Invoice {
  return {
    id: `inv_${n}`,
    storeId: 'st_sample',
    token: `token${n}`,
    status: 'open',
    terms: sampleTerms(),
    address: sampleAddress(n),
    fingerprint: SAMPLE_FINGERPRINT,
    accountNumber: 0,
    derivationIndex: n,
    orderId: null,
    description: null,
    metadata: null,
    redirectUrl: null,
    createdAtMs: SAMPLE_TIME_MS + n,
    settledAtMs: null,
    acceptedShare: null,
    noted: { seenShare: ZERO, confirmedShare: ZERO },
    sequence: 1,
    revision: 1,
    ...overrides,
  }
}

/** An address that waits to be given out. */
export function sampleDepositAddress(
  n: number,
  overrides: Partial<DepositAddress> = {},
): DepositAddress {
  return {
    address: sampleAddress(n),
    storeId: 'st_sample',
    fingerprint: SAMPLE_FINGERPRINT,
    index: n,
    issued: null,
    ...overrides,
  }
}

/** The same address, given to invoice n. */
export function sampleIssuedAddress(
  n: number,
  overrides: Partial<DepositAddress> = {},
): DepositAddress {
  const tips = { [SAMPLE_CHAIN_ID]: { number: 10, hash: sampleHash(10) } }
  const issued = { invoiceId: `inv_${n}`, atMs: SAMPLE_TIME_MS, tips }
  return sampleDepositAddress(n, { issued, ...overrides })
}

/** The block of this height on a branch; its parent is on the same branch unless said otherwise. */
export function sampleBlock(
  number: number,
  branch = 'a',
  parentHash: Hash = sampleHash(number - 1, branch),
): BlockRef {
  return {
    number,
    hash: sampleHash(number, branch),
    parentHash,
    timestampS: SAMPLE_TIME_MS / 1_000 + number * 12,
  }
}

export function sampleBlocks(first: number, last: number, branch = 'a'): BlockRef[] {
  return Array.from({ length: last - first + 1 }, (_, i) => sampleBlock(first + i, branch))
}

/** A token transfer of log n in a block. */
export function sampleObservation(
  n: number,
  block: BlockRef = sampleBlock(10),
  overrides: Partial<Observation> = {},
): Observation {
  const place = { chainId: SAMPLE_CHAIN_ID, blockHash: block.hash, place: `log:${n}` }
  return {
    id: observationId(place),
    chainId: SAMPLE_CHAIN_ID,
    blockHash: block.hash,
    blockNumber: block.number,
    blockTimestampS: block.timestampS,
    place: `log:${n}`,
    kind: 'erc20',
    asset: SAMPLE_TOKEN,
    from: sampleAddress(0xf00d),
    to: sampleAddress(n),
    amountUnits: 25_000_000n,
    txHash: sampleHash(n, 'c'),
    logIndex: n,
    ...overrides,
  }
}

/** Left the n-th sample address, in the place of the n-th log. */
export function sampleOutflow(
  n: number,
  block: BlockRef = sampleBlock(10),
  overrides: Partial<Outflow> = {},
): Outflow {
  const seen = sampleObservation(n, block)
  const moved = { from: sampleAddress(n), to: sampleAddress(0xca5e) }
  return { ...seen, id: outflowId(seen), ...moved, storeId: 'st_sample', ...overrides }
}

/** An included payment; for an invoice only when the override says so. */
export function samplePayment(observation: Observation, overrides: Partial<Payment> = {}): Payment {
  return {
    observation,
    storeId: 'st_sample',
    invoiceId: null,
    position: 'included',
    finality: depthRule(3),
    countedUnits: observation.amountUnits,
    heldByCap: false,
    dust: false,
    accepted: true,
    inTime: true,
    attributions: [],
    revision: 1,
    ...overrides,
  }
}

/** The one call that made a payment of which only a balance told. */
export function sampleAttribution({ observation }: Payment): Attribution {
  const { id, amountUnits } = observation
  return {
    paymentId: id,
    place: 'call:3:0.2',
    txHash: sampleHash(77, 'c'),
    from: sampleAddress(0xbeef),
    amountUnits,
    learnedAtMs: SAMPLE_TIME_MS + 5_000,
  }
}

export function sampleRefund(n: number, overrides: Partial<Refund> = {}): Refund {
  return {
    id: `ref_${n}`,
    storeId: 'st_sample',
    invoiceId: 'inv_1',
    asset: SAMPLE_TOKEN,
    amountUnits: 1_000_000n,
    destination: sampleAddress(50 + n),
    reason: null,
    status: 'requested',
    txHash: null,
    outgoing: null,
    sinceBlock: 10,
    finality: depthRule(5),
    createdAtMs: SAMPLE_TIME_MS,
    updatedAtMs: SAMPLE_TIME_MS,
    revision: 1,
    ...overrides,
  }
}

export function sampleEvent(n: number, overrides: Partial<Event> = {}): Event {
  return {
    id: `evt_${n}`,
    storeId: 'st_sample',
    invoiceId: null,
    type: 'invoice.created',
    sequence: null,
    atMs: SAMPLE_TIME_MS + n,
    payload: JSON.stringify({ type: 'invoice.created', n }),
    ...overrides,
  }
}

export function sampleEndpoint(
  n: number,
  overrides: Partial<WebhookEndpoint> = {},
): WebhookEndpoint {
  return {
    id: `we_${n}`,
    storeId: 'st_sample',
    url: `https://shop.example/hooks/${n}`,
    events: ['*'],
    secrets: [{ sealed: `sealed-${n}`, validUntilMs: null }],
    status: 'enabled',
    disabledReason: null,
    createdAtMs: SAMPLE_TIME_MS,
    deletedAtMs: null,
    revision: 1,
    ...overrides,
  }
}

/** The delivery of an event to endpoint n, due at the time of the event. */
export function sampleDelivery(
  event: Event,
  n: number,
  overrides: Partial<Delivery> = {},
): Delivery {
  return {
    id: `del_${event.id.slice(4)}_${n}`,
    storeId: event.storeId,
    eventId: event.id,
    endpointId: `we_${n}`,
    invoiceId: event.invoiceId,
    status: 'pending',
    attemptsMade: 0,
    nextAttemptAtMs: event.atMs,
    createdAtMs: event.atMs,
    ...overrides,
  }
}

export function sampleAttempt(
  delivery: Delivery,
  n: number,
  overrides: Partial<DeliveryAttempt> = {},
): DeliveryAttempt {
  return {
    id: `att_${delivery.id.slice(4)}_${n}`,
    deliveryId: delivery.id,
    atMs: delivery.createdAtMs + n,
    outcome: 'failed',
    status: 500,
    detail: 'answered 500',
    excerpt: 'Internal Server Error',
    durationMs: 12,
    ...overrides,
  }
}

export function sampleIdempotency(overrides: Partial<IdempotencyRecord> = {}): IdempotencyRecord {
  return {
    scope: 'key_1 POST /v1/invoices',
    key: 'order-1',
    requestHash: 'ab'.repeat(32),
    status: 201,
    body: { kind: 'text', text: '{"id":"inv_1"}' },
    createdAtMs: SAMPLE_TIME_MS,
    ...overrides,
  }
}
