import { describe, expect, test } from 'vitest'
import { createLogger, type LogLevel } from '../../../src/adapters/system/logger.ts'

/** The lines that `write` logs, as text and parsed. */
function record(
  write: (logger: ReturnType<typeof createLogger>) => void,
  level: LogLevel = 'debug',
) {
  const lines: string[] = []
  write(createLogger({ level, destination: { write: (line) => void lines.push(line) } }))
  return { text: lines.join(''), lines: lines.map((line) => JSON.parse(line)) }
}

test('a line is one JSON object with time, level, fields and message', () => {
  const { lines } = record((logger) =>
    logger.info({ block: 12, amountUnits: 10n ** 30n }, 'observed'),
  )
  expect(lines).toEqual([
    {
      level: 'info',
      time: expect.stringMatching(/^\d{4}-.*Z$/),
      block: 12,
      amountUnits: `1${'0'.repeat(30)}`,
      msg: 'observed',
    },
  ])
})

test('lines below the level are not written', () => {
  const { lines } = record((logger) => {
    logger.debug({}, 'no')
    logger.info({}, 'no')
    logger.warn({}, 'yes')
    logger.error({}, 'yes')
  }, 'warn')
  expect(lines.map((line) => line.level)).toEqual(['warn', 'error'])
  expect(record((logger) => logger.error({}, 'no'), 'silent').lines).toEqual([])
})

describe('secrets', () => {
  test.each([
    ...[
      'secret',
      'Authorization',
      'api_key',
      'apiKey',
      'API-KEY',
      'mnemonic',
      'xpub',
      'privateKey',
    ],
    ...['private_key', 'password', 'cookie', 'secret_key', 'webhook-signature'],
  ])('%s is redacted at any depth', (name) => {
    const fields = {
      [name]: 'open-sesame',
      a: { [name]: 'open-sesame', b: [{ [name]: ['open-sesame'] }] },
    }
    const { text, lines } = record((logger) => logger.info(fields, 'x'))
    expect(text).not.toContain('open-sesame')
    expect(lines[0]).toMatchObject({ [name]: '[redacted]', a: { b: [{ [name]: '[redacted]' }] } })
  })

  test.each([
    `whsec_${'A'.repeat(32)}`,
    `whsk_${'A'.repeat(43)}=`,
    `qk_${'a1B2'.repeat(8)}`,
    `xpub6${'CUGRU'.repeat(20)}`,
    `xprv9${'s21Zr'.repeat(20)}`,
    `zpub6${'rFR7y'.repeat(20)}`,
  ])('%s is recognised in values, messages and errors', (secret) => {
    const { text } = record((logger) => {
      logger.info({ note: `it was ${secret}.`, list: [secret] }, `got ${secret}`)
      logger.error({ err: new Error(secret, { cause: new Error(secret) }) }, 'x')
    })
    expect(text).not.toContain(secret)
    expect(text).toContain('it was [redacted].')
  })

  test('credentials in URLs are redacted, the rest stays', () => {
    const { lines } = record((logger) => logger.info({ url: 'https://u:p@node.example/a' }, 'x'))
    expect(lines[0].url).toBe('https://[redacted]@node.example/a')
  })

  test('bytes are never written', () => {
    const { lines } = record((logger) => logger.info({ key: new Uint8Array(32) }, 'x'))
    expect(lines[0].key).toBe('[32 bytes]')
  })
})

test('errors keep name, code, message and stack', () => {
  const error = Object.assign(new TypeError('no'), { code: 'E_NO' })
  const { lines } = record((logger) => logger.error({ err: error }, 'failed'))
  expect(lines[0].err).toMatchObject({ name: 'TypeError', code: 'E_NO', message: 'no' })
  expect(lines[0].err.stack).toContain('logger.test')
})

test('cycles, depth and long lists are cut', () => {
  const loop: Record<string, unknown> = { list: Array(1000).fill(1) }
  loop.self = loop
  const { text, lines } = record((logger) => logger.info({ loop }, 'x'))
  expect(lines[0].loop.list).toHaveLength(100)
  expect(text).toContain('"[...]"')
  expect(text.length).toBeLessThan(5000)
})
