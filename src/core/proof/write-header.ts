/**
 * The RLP of a block header, whose keccak256 is the hash of the block. Every fork appends fields and
 * moves none, so one list in order serves them all.
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

/** As JSON-RPC names them, in the order of the RLP. The first `REQUIRED_FIELDS` are in every header. */
export const HEADER_FIELDS: readonly HeaderField[] = [
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

/** What nodes put beside the header's own fields, which no hash commits to. */
export const BESIDE_HEADER: readonly string[] = [
  'hash',
  'transactions',
  'uncles',
  'withdrawals',
  'size',
  'totalDifficulty',
]

/** Begin and end of each field's digits in `source`, by place in `HEADER_FIELDS`; 0 where absent. */
export type HeaderSpans = { readonly source: Uint8Array; readonly bounds: Int32Array }

/** Writes the header; false when a field that every header has is missing. */
export function writeHeader(sink: RlpSink, { source, bounds }: HeaderSpans): boolean {
  const has = (place: number) => bounds[2 * place] !== 0
  for (let place = 0; place < REQUIRED_FIELDS; place += 1) if (!has(place)) return false
  let last = HEADER_FIELDS.length - 1
  while (!has(last)) last -= 1
  const list = beginList(sink)
  for (let place = 0; place <= last; place += 1) {
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
