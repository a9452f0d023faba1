/** From the answer of geth's callTracer to frames of ours. Unknown fields are not looked at. */
import type { BlockFrames, CallFrame } from '../../core/chain/call-frames.ts'
import { type Address, parseAddress } from '../../core/money/asset.ts'
import { ChainSourceError } from '../../errors.ts'
import { readHash } from './decode-answers.ts'

export const FRAMES_METHOD = 'debug_traceBlockByHash'

/** The EVM ends calls at this depth; deeper is nonsense that would exhaust our own stack. */
const MAX_DEPTH = 1_025
const TYPE = /^[A-Za-z0-9]{1,20}$/
const UINT256 = /^0x[0-9a-fA-F]{1,64}$/

type Fields = Readonly<Record<string, unknown>>

/** One item per transaction: `{ txHash, result }`. */
export function decodeFrames(value: unknown): BlockFrames {
  if (!Array.isArray(value)) throw malformed('the result is not a list')
  return (value as unknown[]).map((item) => {
    const { txHash, result } = readObject(item)
    return { txHash: readHash(txHash, FRAMES_METHOD, 'txHash'), root: decodeFrame(result, 0) }
  })
}

function decodeFrame(value: unknown, depth: number): CallFrame {
  if (depth > MAX_DEPTH) throw malformed('frames are nested too deeply')
  const { type, from, to, value: units, error, calls } = readObject(value)
  if (typeof type !== 'string' || !TYPE.test(type)) throw malformed('a frame has no type')
  const sender = readAddress(from)
  if (sender === null) throw malformed('a frame has no sender')
  if (calls !== undefined && calls !== null && !Array.isArray(calls)) {
    throw malformed('the calls of a frame are not a list')
  }
  return {
    type: type.toUpperCase(),
    from: sender,
    to: readAddress(to),
    valueUnits: readUnits(units),
    // Anything there at all: a node that writes an error of an odd form has not moved the value.
    failed: error !== undefined && error !== null && error !== '',
    calls: ((calls as unknown[] | undefined | null) ?? []).map((call) =>
      decodeFrame(call, depth + 1),
    ),
  }
}

/** Frames that move nothing have no value. */
function readUnits(value: unknown): bigint {
  if (value === undefined || value === null) return 0n
  if (typeof value === 'string' && UINT256.test(value)) return BigInt(value)
  throw malformed('the value of a frame is no number')
}

function readAddress(value: unknown): Address | null {
  if (value === undefined || value === null) return null
  const address = typeof value === 'string' ? parseAddress(value) : null
  if (address === null) throw malformed('an address of a frame is not 20 bytes of hex')
  return address
}

function readObject(value: unknown): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields
  throw malformed('a frame is not an object')
}

function malformed(what: string): ChainSourceError {
  return new ChainSourceError('malformed', `${FRAMES_METHOD}: ${what}`)
}
