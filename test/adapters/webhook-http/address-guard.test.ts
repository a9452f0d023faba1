import { describe, expect, test } from 'vitest'
import {
  createDestinationCheck,
  createResolve,
  findDestination,
  isPublicAddress,
  parseAllowedHosts,
} from '../../../src/adapters/webhook-http/address-guard.ts'

const NONE = parseAllowedHosts([])

describe('public addresses', () => {
  test.each([
    '1.1.1.1',
    '8.8.8.8',
    '9.255.255.255',
    '11.0.0.0',
    '100.63.255.255',
    '100.128.0.0',
    '172.15.255.255',
    '172.32.0.0',
    '192.167.255.255',
    '198.17.255.255',
    '198.20.0.0',
    '223.255.255.255',
    '2606:4700:4700::1111',
    '2a00:1450:4001:82a::200e',
    '2001:4860:4860::8888',
    '2001:200::1',
    '2003::1',
  ])('%s', (address) => {
    expect(isPublicAddress(address)).toBe(true)
  })
})

describe('addresses that are not public', () => {
  test.each([
    ['this network', ['0.0.0.0', '0.1.2.3']],
    ['loopback', ['127.0.0.1', '127.255.255.254', '::1']],
    ['private', ['10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.255.255']],
    ['carrier NAT', ['100.64.0.1', '100.127.255.255']],
    ['link local and metadata', ['169.254.0.1', '169.254.169.254', 'fe80::1', 'febf::1']],
    ['protocol assignments', ['192.0.0.1', '192.0.0.192', '192.88.99.1', '192.31.196.1']],
    ['documentation', ['192.0.2.1', '198.51.100.1', '203.0.113.1', '2001:db8::1', '3fff::1']],
    ['benchmarking', ['198.18.0.1', '198.19.255.255', '2001:2::1']],
    ['multicast', ['224.0.0.1', '239.255.255.255', 'ff02::1']],
    ['reserved, broadcast', ['240.0.0.1', '254.1.1.1', '255.255.255.255']],
    ['platform service of Azure', ['168.63.129.16']],
    ['unspecified', ['::']],
    ['IPv4-compatible', ['::7f00:1', '::8.8.8.8']],
    ['IPv4-mapped', ['::ffff:7f00:1', '::ffff:8.8.8.8', '::ffff:0:7f00:1']],
    ['NAT64', ['64:ff9b::7f00:1', '64:ff9b::808:808', '64:ff9b:1::1']],
    ['6to4', ['2002:7f00:1::', '2002:808:808::1']],
    ['Teredo', ['2001:0:7f00:1::', '2001::1']],
    ['ORCHID and the rest of 2001::/23', ['2001:10::1', '2001:20::1', '2001:1ff::1']],
    ['site local, unique local', ['fec0::1', 'fc00::1', 'fd00:ec2::254']],
    ['discard, segment routing, unassigned', ['100::1', '5f00::1', '4000::1', 'e000::1']],
    ['with a zone', ['fe80::1%eth0', '2606:4700:4700::1111%eth0']],
    ['no address at all', ['', 'localhost', '127.1', '0x7f.0.0.1', '1.1.1.1.1', '1.1.1.1 ']],
  ])('%s', (_class, addresses) => {
    for (const address of addresses)
      expect([address, isPublicAddress(address)]).toEqual([address, false])
  })
})

describe('registration', () => {
  const check = createDestinationCheck({ allowedHosts: parseAllowedHosts(['127.0.0.1:9000']) })

  test('keeps the normalised URL', () => {
    const url = 'https://shop.example/hook?a=b'
    expect(check('HTTPS://Shop.Example:443/hook?a=b')).toEqual({ ok: true, url })
    expect(check('http://2130706433:9000')).toEqual({ ok: true, url: 'http://127.0.0.1:9000/' })
    expect(check('https://1.1.1.1/')).toEqual({ ok: true, url: 'https://1.1.1.1/' })
  })

  test.each([
    ['shop.example/hook', 'invalid_url'],
    ['', 'invalid_url'],
    ['https://', 'invalid_url'],
    ['https://[fe80::1%25eth0]/', 'invalid_url'],
    ['http://shop.example/', 'scheme_not_allowed'],
    ['https://127.0.0.1:9001/', 'host_not_allowed'],
    ['https://[::1]/', 'host_not_allowed'],
    ['https://shop.example:22/', 'port_not_allowed'],
  ])('refuses %s: %s', (url, code) => {
    expect(check(url)).toEqual({ ok: false, code, detail: expect.any(String) })
  })
})

describe('names', () => {
  const signal = new AbortController().signal
  const find = (addresses: string[], allowedHosts = NONE, url = 'https://shop.example/') =>
    findDestination({ allowedHosts, resolve: async () => addresses }, new URL(url), signal)

  test('all of the addresses are handed on when all are public', async () => {
    expect(await find(['1.1.1.1', '2606:4700::1'])).toEqual({
      kind: 'reachable',
      addresses: [
        { address: '1.1.1.1', family: 4 },
        { address: '2606:4700::1', family: 6 },
      ],
    })
  })

  test.each([[['10.0.0.1']], [['1.1.1.1', '10.0.0.1']], [['::ffff:7f00:1', '1.1.1.1']]])(
    'one address that is not public blocks: %j',
    async (addresses) => {
      const destination = await find(addresses)
      expect(destination.kind).toBe('blocked')
      expect(JSON.stringify(destination)).not.toContain('10.0.0.1')
    },
  )

  test('no address, a malformed one and a failing resolver are failures of DNS', async () => {
    expect((await find([])).kind).toBe('unresolved')
    expect((await find(['1.1.1.1', 'cname.example'])).kind).toBe('unresolved')
    const resolve = async () => {
      throw Object.assign(new Error('no'), { code: 'ENOTFOUND' })
    }
    const url = new URL('https://shop.example/')
    const destination = await findDestination({ allowedHosts: NONE, resolve }, url, signal)
    expect(destination).toEqual({
      kind: 'unresolved',
      detail: expect.stringContaining('ENOTFOUND'),
    })
  })

  test('an allowed host:port may be private, by its name or by the address behind it', async () => {
    const byName = parseAllowedHosts(['inner.example:9000'])
    expect((await find(['10.0.0.1'], byName, 'http://inner.example:9000/')).kind).toBe('reachable')
    expect((await find(['10.0.0.1'], byName, 'https://inner.example/')).kind).toBe('blocked')
    expect((await find(['10.0.0.1'], byName, 'https://x.inner.example:9000/')).kind).toBe('blocked')

    const byAddress = parseAllowedHosts(['10.0.0.1:443', '[fd00::1]:443'])
    expect((await find(['10.0.0.1', 'fd00:0::1'], byAddress)).kind).toBe('reachable')
    expect((await find(['10.0.0.1', '10.0.0.2'], byAddress)).kind).toBe('blocked')
    expect((await find(['::ffff:10.0.0.1'], byAddress)).kind).toBe('blocked')
    expect((await find(['10.0.0.1'], byAddress, 'https://shop.example:8443/')).kind).toBe('blocked')
  })

  test('an allowed name resolves as the system does', async () => {
    const resolve = createResolve({ allowedHosts: parseAllowedHosts(['localhost:9000']) })
    expect(await resolve('localhost', signal)).toContain('127.0.0.1')
  })
})

describe('the allow list', () => {
  test('is normalised as URLs are', () => {
    const entries = ['LOCALHOST:9000', '127.1:80', '[0:0::1]:443', 'receiver.:8080']
    const normalised = ['localhost:9000', '127.0.0.1:80', '[::1]:443', 'receiver:8080']
    expect([...parseAllowedHosts(entries)]).toEqual(normalised)
  })

  test.each([
    '',
    'localhost',
    ':80',
    'a:b',
    'http://a:80',
    'a:80/x',
    'u@a:80',
    'a:99999',
    '*:80:1',
  ])('refuses %s', (entry) => {
    expect(() => parseAllowedHosts([entry])).toThrow('want host:port')
  })
})
