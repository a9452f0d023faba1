/** The lists inside a transaction, from their JSON to RLP (EIP-2930, EIP-4844, EIP-7702). */
import {
  beginList,
  endList,
  type RlpSink,
  writeBytes,
  writeQuantity,
} from '../../core/proof/rlp-sink.ts'
import {
  createCursor,
  createKeyTable,
  enterArray,
  enterObject,
  type JsonCursor,
  NO_KEY,
  nextItem,
  nextKey,
  noteField,
  skipValue,
} from './json-cursor.ts'
import { readAnyHex, readFixedHex } from './json-hex.ts'

const ACCESS = createKeyTable(['address', 'storageKeys'])
const [ACCESS_ADDRESS, ACCESS_KEYS] = [0, 1]
const AUTHORIZATION = createKeyTable(['chainId', 'address', 'nonce', 'yParity', 'r', 's', 'v'])
const AUTHORIZATION_FIELDS = 6
const AUTHORIZATION_ADDRESS = 1
const AUTHORIZATION_PARITY = 3
const AUTHORIZATION_V = 6
const ADDRESS_DIGITS = 40
const WORD_DIGITS = 64

type WriteItem = (sink: RlpSink, cursor: JsonCursor) => void

/** Writes a list of the JSON at the cursor; throws `malformed` when it is none. */
function writeList(sink: RlpSink, cursor: JsonCursor, field: string, writeItem: WriteItem): void {
  const list = beginList(sink)
  enterArray(cursor, field)
  while (nextItem(cursor)) writeItem(sink, cursor)
  endList(sink, list)
}

export function writeHashes(sink: RlpSink, cursor: JsonCursor, field: string): void {
  writeList(sink, cursor, field, (_, at) => writeFixed(sink, at, WORD_DIGITS, field))
}

export function writeAccessList(sink: RlpSink, cursor: JsonCursor): void {
  writeList(sink, cursor, 'accessList', writeAccess)
}

export function writeAuthorizations(sink: RlpSink, cursor: JsonCursor): void {
  writeList(sink, cursor, 'authorizationList', writeAuthorization)
}

/** `[address, keys]`, in whatever order the JSON has them. */
function writeAccess(sink: RlpSink, cursor: JsonCursor): void {
  enterObject(cursor, 'accessList[]')
  const list = beginList(sink)
  let seen = 0
  let keysAt = 0
  for (let key = nextKey(cursor, ACCESS); key !== NO_KEY; key = nextKey(cursor, ACCESS)) {
    if (key >= 0) seen = noteField(cursor, seen, key, ACCESS)
    if (key === ACCESS_ADDRESS) {
      writeFixed(sink, cursor, ADDRESS_DIGITS, 'accessList[].address')
      continue
    }
    if (key === ACCESS_KEYS) keysAt = cursor.at
    skipValue(cursor)
  }
  const keys = createCursor(cursor.bytes, cursor.method, keysAt)
  writeHashes(sink, keys, 'accessList[].storageKeys')
  endList(sink, list)
}

function writeFixed(sink: RlpSink, cursor: JsonCursor, digits: number, field: string): void {
  const start = readFixedHex(cursor, digits, field, `${digits / 2} bytes of hex`)
  writeBytes(sink, cursor.bytes, start, start + digits)
}

/** `[chainId, address, nonce, yParity, r, s]`, in whatever order the JSON has them. */
function writeAuthorization(sink: RlpSink, cursor: JsonCursor): void {
  enterObject(cursor, 'authorizationList[]')
  const bounds = new Int32Array(2 * AUTHORIZATION.names.length)
  let seen = 0
  for (
    let key = nextKey(cursor, AUTHORIZATION);
    key !== NO_KEY;
    key = nextKey(cursor, AUTHORIZATION)
  ) {
    if (key < 0) {
      skipValue(cursor)
      continue
    }
    seen = noteField(cursor, seen, key, AUTHORIZATION)
    const field = 'authorizationList[]'
    bounds[2 * key] = readAnyHex(cursor, field, 'hex')
    bounds[2 * key + 1] = cursor.at - 1
  }
  const list = beginList(sink)
  for (let place = 0; place < AUTHORIZATION_FIELDS; place += 1) {
    const hasParity = bounds[2 * AUTHORIZATION_PARITY] !== 0
    const key = place === AUTHORIZATION_PARITY && !hasParity ? AUTHORIZATION_V : place
    const start = bounds[2 * key]!
    const end = bounds[2 * key + 1]!
    if (place === AUTHORIZATION_ADDRESS) writeBytes(sink, cursor.bytes, start, end)
    else writeQuantity(sink, cursor.bytes, start, end)
  }
  endList(sink, list)
}
