/** What a hostile receiver answers, over sockets, and what the dispatcher makes of it. */
import { afterEach, describe, expect, test } from 'vitest'
import { STANDARD_SCHEDULE_MS } from '../../../src/core/webhook/retry-schedule.ts'
import * as hostile from '../../support/hostile-receiver.ts'
import { prepareAttempts, type WebhookAttempts } from '../../support/webhook-attempts.ts'
import { EXPIRED_CERTIFICATE, TEST_KEY, VALID_CERTIFICATE } from './test-certificates.ts'

const receivers: hostile.Receiver[] = []

afterEach(async () => {
  await Promise.all(receivers.splice(0).map((receiver) => receiver.stop()))
})

async function startReceiver(options: Parameters<typeof hostile.startReceiver>[0] = {}) {
  const receiver = await hostile.startReceiver(options)
  receivers.push(receiver)
  return receiver
}

const hostOf = ({ port }: hostile.Receiver) => `127.0.0.1:${port}`

/** The next attempt, which must fail with these words and leave the delivery waiting. */
async function expectFailure(attempts: WebhookAttempts, made: number, detail: RegExp) {
  const logged = await attempts.attempt()
  expect(logged?.delivery).toMatchObject({ status: 'pending', attemptsMade: made })
  expect(logged?.attempts).toHaveLength(made)
  expect(logged?.attempts.at(-1)).toMatchObject({ outcome: 'failed' })
  expect(logged?.attempts.at(-1)?.detail).toMatch(detail)
  return logged
}

describe('WH-12 redirects', () => {
  test.each([307, 308] as const)(
    'WH-12 %i to an allowed and to a blocked address: no second request anywhere',
    async (status) => {
      const allowed = await startReceiver()
      const blocked = await startReceiver()
      const receiver = await startReceiver()
      const locations = [
        allowed.url,
        blocked.url,
        `//${hostOf(allowed)}/hook`,
        '/elsewhere',
        'https://169.254.169.254/latest/meta-data',
      ]
      receiver.respondWith(locations.map((location) => hostile.redirectTo(location, status)))
      const allowedHosts = [receiver, allowed].map(hostOf)
      const attempts = await prepareAttempts(receiver.url, { allowedHosts })
      for (let made = 1; made <= locations.length; made++) {
        await expectFailure(attempts, made, new RegExp(`^answered ${status}$`))
        expect(receiver.countConnections()).toBe(made)
      }
      expect(new Set(receiver.requests.map(({ path }) => path))).toEqual(new Set(['/hook']))
      expect([allowed, blocked].map((each) => each.countConnections())).toEqual([0, 0])
    },
  )
})

describe('WH-15 certificates', () => {
  const resolve = async () => ['127.0.0.1']

  test.each([
    ['self-signed', VALID_CERTIFICATE, [], 'receiver.test'],
    ['expired', EXPIRED_CERTIFICATE, [EXPIRED_CERTIFICATE], 'receiver.test'],
    ['of another host', VALID_CERTIFICATE, [VALID_CERTIFICATE], 'other.test'],
  ])(
    'WH-15 %s: a TLS failure each time, and not a byte of the body',
    async (_, cert, trusted, host) => {
      const receiver = await startReceiver({ tls: { key: TEST_KEY, cert } })
      const attempts = await prepareAttempts(`https://${host}:${receiver.port}/hook`, {
        allowedHosts: [`${host}:${receiver.port}`],
        resolve,
        ...(trusted.length === 0 ? {} : { trustedCertificates: trusted }),
      })
      for (let made = 1; made <= 3; made++) await expectFailure(attempts, made, /^tls: /)
      expect(receiver.countConnections()).toBe(3)
      expect(receiver.requests).toHaveLength(0)
    },
  )

  test('WH-15 once the certificate is right, the same delivery arrives', async () => {
    const wrong = await startReceiver({ tls: { key: TEST_KEY, cert: EXPIRED_CERTIFICATE } })
    const right = await startReceiver({
      tls: { key: TEST_KEY, cert: VALID_CERTIFICATE },
      host: '127.0.0.2',
      port: wrong.port,
    })
    const answers = [['127.0.0.1'], ['127.0.0.2']]
    const attempts = await prepareAttempts(`https://receiver.test:${wrong.port}/hook`, {
      allowedHosts: [`receiver.test:${wrong.port}`],
      resolve: async () => answers.shift() ?? [],
      trustedCertificates: [VALID_CERTIFICATE, EXPIRED_CERTIFICATE],
    })
    await expectFailure(attempts, 1, /^tls: /)
    const logged = await attempts.attempt()
    expect(logged?.delivery).toMatchObject({ status: 'delivered', attemptsMade: 2 })
    expect(right.requests).toHaveLength(1)
    expect(await attempts.attempt()).toBeNull()
  })
})

describe('WH-19 Retry-After', () => {
  test.each([
    '5',
    '0',
    '86400',
    '9'.repeat(50),
    '-5',
    '1e308',
    'Infinity',
    'NaN',
    'soon',
    '',
    '5, 999999',
    'Thu, 01 Jan 1970 00:00:00 GMT',
    'Fri, 01 Jan 2100 00:00:00 GMT',
    'Fri, 31 Dec 9999 23:59:59 GMT',
  ])('WH-19 %j keeps every wait within once and twice its step', async (value) => {
    const receiver = await startReceiver({
      respond: hostile.answerWith(503, '', { 'retry-after': value }),
    })
    const attempts = await prepareAttempts(receiver.url, { allowedHosts: [hostOf(receiver)] })
    for (let made = 1; made < STANDARD_SCHEDULE_MS.length; made++) {
      const logged = await expectFailure(attempts, made, /^answered 503$/)
      const { atMs, delivery } = logged as NonNullable<typeof logged>
      const step = STANDARD_SCHEDULE_MS[made] as number
      expect(delivery.nextAttemptAtMs - atMs, `step ${made}`).toBeGreaterThanOrEqual(step)
      expect(delivery.nextAttemptAtMs - atMs, `step ${made}`).toBeLessThanOrEqual(2 * step)
    }
    expect(await attempts.attempt()).toMatchObject({ delivery: { status: 'exhausted' } })
    expect(await attempts.attempt()).toBeNull()
  })
})
