import { describe, expect, test } from 'vitest'
import { judgeEndpointUrl, renderHostPort } from '../../../src/core/webhook/endpoint-url.ts'

const NONE: ReadonlySet<string> = new Set()

function judge(text: string, allowedHosts = NONE): string {
  const judged = judgeEndpointUrl(new URL(text), allowedHosts)
  return judged.ok ? 'ok' : judged.code
}

test.each([
  ['https://shop.example/hook', 'ok'],
  ['https://shop.example:443/hook?a=b', 'ok'],
  ['https://shop.example:80/', 'ok'],
  ['https://shop.example:1024/', 'ok'],
  ['https://shop.example:8443/', 'ok'],
  ['https://shop.example:65535/', 'ok'],
  ['http://shop.example/hook', 'scheme_not_allowed'],
  ['http://shop.example:443/hook', 'scheme_not_allowed'],
  ['ftp://shop.example/', 'scheme_not_allowed'],
  ['file:///etc/passwd', 'scheme_not_allowed'],
  ['gopher://shop.example/', 'scheme_not_allowed'],
  ['ws://shop.example/', 'scheme_not_allowed'],
  ['javascript:alert(1)', 'scheme_not_allowed'],
  ['data:text/plain,x', 'scheme_not_allowed'],
  ['https://user@shop.example/', 'userinfo_not_allowed'],
  ['https://:pw@shop.example/', 'userinfo_not_allowed'],
  ['http://example.com@127.0.0.1', 'userinfo_not_allowed'],
  ['https://shop.example/#part', 'fragment_not_allowed'],
  ['https://localhost/', 'host_not_allowed'],
  ['https://LOCALHOST./', 'host_not_allowed'],
  ['https://api.localhost/', 'host_not_allowed'],
])('%s: %s', (text, expected) => {
  expect(judge(text)).toBe(expected)
})

test.each([
  0, 1, 22, 25, 53, 81, 444, 1023, 2375, 3306, 5432, 6000, 6379, 9200, 10250, 11211, 27017,
])('port %i is refused', (port) => {
  expect(judge(`https://shop.example:${port}/`)).toBe('port_not_allowed')
})

describe('an allowed host:port', () => {
  test.each([
    ['http://127.0.0.1:9000/', '127.0.0.1:9000', 'ok'],
    ['http://127.1:9000/', '127.0.0.1:9000', 'ok'],
    ['https://127.0.0.1:9000/', '127.0.0.1:9000', 'ok'],
    ['http://127.0.0.1:6379/', '127.0.0.1:6379', 'ok'],
    ['http://localhost.:9000/', 'localhost:9000', 'ok'],
    ['http://receiver/', 'receiver:80', 'ok'],
    ['https://receiver/', 'receiver:443', 'ok'],
    ['http://[::1]:9000/', '[::1]:9000', 'ok'],
    ['http://127.0.0.1:9001/', '127.0.0.1:9000', 'scheme_not_allowed'],
    ['http://127.0.0.2:9000/', '127.0.0.1:9000', 'scheme_not_allowed'],
    ['http://receiver/', 'receiver:443', 'scheme_not_allowed'],
    ['http://u:p@127.0.0.1:9000/', '127.0.0.1:9000', 'userinfo_not_allowed'],
    ['ftp://127.0.0.1:9000/', '127.0.0.1:9000', 'scheme_not_allowed'],
  ])('%s with %s: %s', (text, allowed, expected) => {
    expect(judge(text, new Set([allowed]))).toBe(expected)
  })

  test('is compared with the port of the scheme filled in and without the root dot', () => {
    expect(renderHostPort(new URL('https://Shop.Example./x'))).toBe('shop.example:443')
    expect(renderHostPort(new URL('http://[0:0::1]/'))).toBe('[::1]:80')
  })
})
