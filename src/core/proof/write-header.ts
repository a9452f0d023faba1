/**
 * The RLP of a block header, whose keccak256 is the hash of the block. Every fork appends fields and
 * moves none, so one list in order serves all forks of a chain. Avalanche's C-Chain has fields of its
 * own between Ethereum's, and a list of its own. Both lists begin with the same fifteen, roots and
 * bloom among them: no order of what follows makes one header pass for another.
 */
import {
  beginList,
  endList,
  type RlpSink,
  writeBytes,
  writeEmpty,
  writeQuantity,
} from './rlp-sink.ts'

type HeaderField = {
  readonly name: string
  readonly kind: 'bytes' | 'quantity'
  /** Digits that it must have; null where the length is free. */
  readonly digits: number | null
}

const hash = (name: string): HeaderField => ({ name, kind: 'bytes', digits: 64 })
const quantity = (name: string): HeaderField => ({ name, kind: 'quantity', digits: null })

/** In the order of the RLP. The first `REQUIRED_FIELDS` are in every header. */
const ETHEREUM_FIELDS: readonly HeaderField[] = [
  hash('parentHash'),
  hash('sha3Uncles'),
  { name: 'miner', kind: 'bytes', digits: 40 },
  hash('stateRoot'),
  hash('transactionsRoot'),
  hash('receiptsRoot'),
  { name: 'logsBloom', kind: 'bytes', digits: 512 },
  quantity('difficulty'),
  quantity('number'),
  quantity('gasLimit'),
  quantity('gasUsed'),
  quantity('timestamp'),
  { name: 'extraData', kind: 'bytes', digits: null },
  hash('mixHash'),
  { name: 'nonce', kind: 'bytes', digits: 16 },
  // London, EIP-1559.
  quantity('baseFeePerGas'),
  // Shanghai, EIP-4895.
  hash('withdrawalsRoot'),
  // Cancun, EIP-4844 and EIP-4788.
  quantity('blobGasUsed'),
  quantity('excessBlobGas'),
  hash('parentBeaconBlockRoot'),
  // Prague, EIP-7685.
  hash('requestsHash'),
  // Amsterdam, EIP-7928 and EIP-7843.
  hash('blockAccessListHash'),
  quantity('slotNumber'),
]
const REQUIRED_FIELDS = 15

/** Of the C-Chain alone; the first says that a header is one of it. */
const AVALANCHE_FIELDS: readonly HeaderField[] = [
  hash('extDataHash'),
  // Apricot phases 4 and 5.
  quantity('extDataGasUsed'),
  quantity('blockGasCost'),
  // Granite, ACP-226.
  quantity('timestampMilliseconds'),
  quantity('minDelayExcess'),
]

/** As JSON-RPC names them. */
export const HEADER_FIELDS: readonly HeaderField[] = [...ETHEREUM_FIELDS, ...AVALANCHE_FIELDS]

const placeOf = (name: string) => HEADER_FIELDS.findIndex((field) => field.name === name)
const EXT_DATA_HASH = placeOf('extDataHash')
const ETHEREUM_ORDER = ETHEREUM_FIELDS.map((_, place) => place)
const AVALANCHE_ORDER = [
  ...ETHEREUM_ORDER.slice(0, REQUIRED_FIELDS),
  EXT_DATA_HASH,
  placeOf('baseFeePerGas'),
  placeOf('extDataGasUsed'),
  placeOf('blockGasCost'),
  // Etna, as Ethereum's Cancun.
  placeOf('blobGasUsed'),
  placeOf('excessBlobGas'),
  placeOf('parentBeaconBlockRoot'),
  placeOf('timestampMilliseconds'),
  placeOf('minDelayExcess'),
]

/** What nodes put beside the header's own fields, which no hash commits to. */
export const BESIDE_HEADER: readonly string[] = [
  'hash',
  'transactions',
  'uncles',
  'withdrawals',
  'size',
  'totalDifficulty',
  // Arbitrum: what `extraData` and `mixHash` say, in fields of their own.
  'l1BlockNumber',
  'sendCount',
  'sendRoot',
  // BNB Smart Chain: `timestamp` and the milliseconds in `mixHash`.
  'milliTimestamp',
  // Avalanche: what `extDataHash` is the hash of.
  'blockExtraData',
]

/** Begin and end of each field's digits in `source`, by place in `HEADER_FIELDS`; 0 where absent. */
export type HeaderSpans = { readonly source: Uint8Array; readonly bounds: Int32Array }

/**
 * Writes the header; false when a field that every header has is missing, or one is there that headers
 * of its chain do not have.
 */
export function writeHeader(sink: RlpSink, { source, bounds }: HeaderSpans): boolean {
  const has = (place: number) => bounds[2 * place] !== 0
  const order = has(EXT_DATA_HASH) ? AVALANCHE_ORDER : ETHEREUM_ORDER
  for (let place = 0; place < REQUIRED_FIELDS; place += 1) if (!has(place)) return false
  for (let place = REQUIRED_FIELDS; place < HEADER_FIELDS.length; place += 1) {
    if (has(place) && !order.includes(place)) return false
  }
  let last = order.length - 1
  while (!has(order[last]!)) last -= 1
  const list = beginList(sink)
  for (let at = 0; at <= last; at += 1) {
    const place = order[at]!
    const start = bounds[2 * place]!
    const end = bounds[2 * place + 1]!
    // A field of a fork that this chain left out, before one that it has.
    if (start === 0) writeEmpty(sink)
    else if (HEADER_FIELDS[place]!.kind === 'quantity') writeQuantity(sink, source, start, end)
    else writeBytes(sink, source, start, end)
  }
  endList(sink, list)
  return true
}
