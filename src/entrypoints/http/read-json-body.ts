/** The body of a request as strict JSON, within 64 kB at any moment, whatever was announced. */
import type { IncomingMessage } from 'node:http'
import type { Transform } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import { GatewayError, invalidField } from '../../errors.ts'
import { type JsonValue, parseStrictJson } from './parse-strict-json.ts'

/** As sent and after inflating. Sixteen times the largest sensible order; more is 413. */
const BODY_BYTES_MAX = 64 * 1024

/** What an inflater hands out at once: how far it can run beyond the limit before it is stopped. */
const INFLATE_CHUNK_BYTES = 16 * 1024

/**
 * What is read away of a refused body, so that the caller gets to read the answer on a connection
 * that lives on. Of a larger one the connection is cut.
 */
const DRAIN_BYTES_MAX = 1024 * 1024

type JsonObject = { readonly [key: string]: JsonValue }

const INFLATERS: Readonly<Record<string, () => Transform>> = {
  gzip: () => createGunzip({ chunkSize: INFLATE_CHUNK_BYTES }),
  'x-gzip': () => createGunzip({ chunkSize: INFLATE_CHUNK_BYTES }),
  deflate: () => createInflate({ chunkSize: INFLATE_CHUNK_BYTES }),
  br: () => createBrotliDecompress({ chunkSize: INFLATE_CHUNK_BYTES }),
}

const TEXT = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * The JSON object a request carries. Where it is optional, no bytes at all are `{}`, and need no
 * content type.
 */
export async function readJsonBody(
  req: IncomingMessage,
  { optional }: { readonly optional: boolean },
): Promise<JsonObject> {
  const announced = Number.parseInt(req.headers['content-length'] ?? '', 10)
  const mayBeEmpty = optional && !(announced > 0)
  if (!mayBeEmpty) assertJsonType(req)
  if (announced > BODY_BYTES_MAX) {
    drain(req)
    throw tooLarge()
  }
  const bytes = await readBytes(req, chooseInflater(req))
  if (bytes.length === 0 && optional) return {}
  assertJsonType(req)
  const value = parseStrictJson(decodeText(bytes))
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalidField('', 'wrong_type', 'The body must be a JSON object.')
  }
  return value as JsonObject
}

/** The text a request carries, of whatever type the caller has judged, within the same bounds. */
export async function readTextBody(req: IncomingMessage): Promise<string> {
  if (Number.parseInt(req.headers['content-length'] ?? '', 10) > BODY_BYTES_MAX) {
    drain(req)
    throw tooLarge()
  }
  return decodeText(await readBytes(req, chooseInflater(req)))
}

/** `application/json`, with no charset or UTF-8. */
function assertJsonType(req: IncomingMessage): void {
  const [type = '', ...parameters] = (req.headers['content-type'] ?? '').split(';')
  const isJson = type.trim().toLowerCase() === 'application/json'
  const isUtf8 = parameters.every((parameter) =>
    /^\s*charset\s*=\s*(?:utf-8|"utf-8")\s*$/i.test(parameter),
  )
  if (isJson && isUtf8) return
  throw new GatewayError(
    'unsupported_media_type',
    'The body must be sent as Content-Type: application/json, in UTF-8.',
  )
}

function chooseInflater(req: IncomingMessage): Transform | null {
  const encoding = (req.headers['content-encoding'] ?? 'identity').trim().toLowerCase()
  if (encoding === 'identity' || encoding === '') return null
  const create = Object.hasOwn(INFLATERS, encoding) ? INFLATERS[encoding] : undefined
  if (create !== undefined) return create()
  throw new GatewayError(
    'unsupported_media_type',
    'Content-Encoding must be gzip, deflate, br or absent.',
  )
}

/** Counts both what arrives and what comes out of the inflater, and stops at the first too much. */
function readBytes(req: IncomingMessage, inflater: Transform | null): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const output = inflater ?? req
    const chunks: Buffer[] = []
    let received = 0
    let produced = 0
    const stop = (error: GatewayError) => {
      req.off('data', onReceived)
      output.off('data', onProduced)
      req.unpipe()
      inflater?.destroy()
      drain(req)
      reject(error)
    }
    const onReceived = (chunk: Buffer) => {
      received += chunk.length
      if (received > BODY_BYTES_MAX) stop(tooLarge())
    }
    const onProduced = (chunk: Buffer) => {
      produced += chunk.length
      if (produced > BODY_BYTES_MAX) stop(tooLarge())
      else chunks.push(chunk)
    }
    req.on('error', () => stop(broken('The body ended early.')))
    if (inflater !== null) {
      inflater.on('error', () => stop(broken('The body is not what Content-Encoding says.')))
      req.on('data', onReceived)
      req.pipe(inflater)
    }
    output.on('data', onProduced)
    output.once('end', () =>
      resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)),
    )
  })
}

function decodeText(bytes: Uint8Array): string {
  try {
    return TEXT.decode(bytes)
  } catch {
    throw broken('The body is not valid UTF-8.')
  }
}

function broken(detail: string): GatewayError {
  return invalidField('', 'malformed_body', detail)
}

function drain(req: IncomingMessage): void {
  let drained = 0
  req.on('data', (chunk: Buffer) => {
    drained += chunk.length
    if (drained > DRAIN_BYTES_MAX) req.destroy()
  })
  req.resume()
}

function tooLarge(): GatewayError {
  return new GatewayError(
    'payload_too_large',
    `A body may have ${BODY_BYTES_MAX} bytes, also when inflated.`,
  )
}
