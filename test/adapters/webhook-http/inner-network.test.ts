/**
 * Destinations inside, in every form a URL can hide them: refused at registration, and blocked at
 * every attempt when they got into the database all the same. Nobody inside sees a connection.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Receiver, startReceiver } from '../../support/hostile-receiver.ts'
import { type HttpHarness, startHttpHarness } from '../../support/http-harness.ts'
import { prepareAttempts } from '../../support/webhook-attempts.ts'

const FORMS = [
  // Loopback, as numbers are written elsewhere than in URLs.
  ...['127.0.0.1', '127.1', '127.0.1', '2130706433', '0x7f.1', '0x7f000001', '0x7F.0x0.0x0.0x1'],
  ...['0177.0.0.1', '017700000001', '127.0.0.1.', '127.255.255.254', '0', '0.0.0.0', '0x0'],
  ...['localhost', 'localhost.', 'LOCALHOST', 'api.localhost', 'a.b.localhost.'],
  // Full width, ideographic full stops, digits in circles, escaped digits.
  '\uff11\uff12\uff17\uff0e\uff10\uff0e\uff10\uff0e\uff11',
  ...['127\u30020\u30020\u30021', '127\uff610\uff610\uff611', '\u2460\u2461\u2466.0.0.1'],
  ...['%31%32%37.0.0.1', '\uff4c\uff4f\uff43\uff41\uff4c\uff48\uff4f\uff53\uff54'],
  // IPv6: unspecified, loopback, and what embeds or translates an IPv4 address.
  ...['[::]', '[::1]', '[0:0:0:0:0:0:0:1]', '[::7f00:1]', '[::127.0.0.1]', '[::ffff:7f00:1]'],
  ...['[::ffff:127.0.0.1]', '[::ffff:0:7f00:1]', '[64:ff9b::7f00:1]', '[64:ff9b::10.0.0.1]'],
  ...['[64:ff9b:1::1]', '[2002:7f00:1::]', '[2001:0:7f00:1::]', '[2002:a00:1::]'],
  ...['[fe80::1]', '[fec0::1]', '[fc00::1]', '[fd00:ec2::254]', '[ff02::1]', '[2001:db8::1]'],
  // Private, carrier NAT, metadata services, protocol assignments, benchmarks, multicast, reserved.
  ...['10.0.0.1', '10.255.255.255', '172.16.0.1', '172.31.255.255', '192.168.0.1', '167772161'],
  ...['100.64.0.1', '100.127.255.254', '169.254.169.254', '0xa9fea9fe', '2852039166'],
  ...['192.0.0.192', '168.63.129.16', '192.0.2.1', '198.18.0.1', '198.19.255.255'],
  ...['224.0.0.1', '239.255.255.255', '240.0.0.1', '255.255.255.255', '100.100.100.200'],
].map((host) => `https://${host}:PORT/hook`)

/** What is wrong beside the host, or instead of it. */
const OTHERS = [
  'http://127.0.0.1:PORT/',
  'http://example.com@127.0.0.1:PORT/',
  'https://example.com@127.0.0.1:PORT/',
  'https://user:password@1.1.1.1/',
  'https://127.0.0.1:PORT#@example.com',
  'https:127.0.0.1:PORT',
  'https:\\\\127.0.0.1:PORT',
  'https:///127.0.0.1:PORT',
  'https://127.0.0.1:PORT\\@example.com/',
  'https://\t127.0.0.1:PORT/',
  ...[
    'ftp://127.0.0.1:PORT',
    'file:///etc/passwd',
    'gopher://127.0.0.1:PORT',
    'ws://127.0.0.1:PORT',
  ],
  ...['unix:/var/run/docker.sock', 'javascript:alert(1)', 'data:text/plain,x', '//127.0.0.1:PORT/'],
  ...['https://1.1.1.1:22', 'https://1.1.1.1:25', 'https://1.1.1.1:6379', 'https://1.1.1.1:2375'],
  ...['https://1.1.1.1:0', 'no url', '', 'https://'],
]

const inside: Receiver[] = []
let gateway: HttpHarness
let endpointId: string

beforeAll(async () => {
  gateway = await startHttpHarness()
  const body = { url: 'https://shop.example/hook' }
  const made = await gateway.ask({ method: 'POST', path: '/v1/webhook-endpoints', body })
  endpointId = made.json.id
  // All of the IPv4 loopback, and IPv6 where there is one: at the same port.
  inside.push(await startReceiver({ host: '0.0.0.0' }))
  const port = inside[0]?.port as number
  await startReceiver({ host: '::1', port }).then(
    (receiver) => inside.push(receiver),
    () => {},
  )
})
afterAll(async () => {
  await gateway.server.close()
  await Promise.all(inside.map((receiver) => receiver.stop()))
})

test('WH-11 the table has at least sixty forms, each once', () => {
  const all = [...FORMS, ...OTHERS]
  expect(all.length).toBeGreaterThanOrEqual(60)
  expect(new Set(all).size).toBe(all.length)
})

test.each([...FORMS, ...OTHERS])(
  'WH-11 %j is refused, and blocked at the first attempt and the next ones',
  async (form) => {
    const url = form.replace('PORT', String(inside[0]?.port))
    const path = '/v1/webhook-endpoints'
    for (const request of [
      { method: 'POST', path },
      { method: 'PATCH', path: `${path}/${endpointId}` },
    ]) {
      const { status, json } = await gateway.ask({ ...request, body: { url } })
      expect([status, json.errors?.[0].pointer], request.method).toEqual([400, '/url'])
    }

    const attempts = await prepareAttempts(url, { allowedHosts: ['127.0.0.1:1'] })
    for (let made = 1; made <= 3; made++) {
      const logged = await attempts.attempt()
      expect(logged?.delivery).toMatchObject({ status: 'pending', attemptsMade: made })
      const last = logged?.attempts.at(-1)
      expect(last).toMatchObject({ outcome: 'failed', status: null, excerpt: '' })
      expect(last?.detail).toMatch(/^blocked: /)
    }
    expect(inside.map((receiver) => receiver.countConnections())).toEqual(inside.map(() => 0))
  },
)

test('WH-11 a refused change leaves the endpoint where it was', async () => {
  const { json } = await gateway.ask({ path: `/v1/webhook-endpoints/${endpointId}` })
  expect(json.url).toBe('https://shop.example/hook')
})

test('WH-13 a name that was public at registration and points inside later is blocked each time', async () => {
  const port = inside[0]?.port
  const url = `https://rebind.test:${port}/hook`
  const body = { url }
  const made = await gateway.ask({ method: 'POST', path: '/v1/webhook-endpoints', body })
  expect(made.status).toBe(201)
  const answers = [['127.0.0.1'], ['1.1.1.1', '127.0.0.1'], ['::1', '2606:4700::1'], ['0.0.0.0']]
  let asked = 0
  const resolve = async () => answers[asked++] ?? []
  const attempts = await prepareAttempts(url, { resolve })
  for (let made = 1; made <= answers.length; made++) {
    const logged = await attempts.attempt()
    expect(logged?.delivery).toMatchObject({ status: 'pending', attemptsMade: made })
    expect(logged?.attempts.at(-1)?.detail).toMatch(/^blocked: /)
  }
  expect(asked).toBe(answers.length)
  expect(inside.map((receiver) => receiver.countConnections())).toEqual(inside.map(() => 0))
})
