/** Authorizations signed ahead, as a file that passes through other hands. */
import { describe, expect, test } from 'vitest'
import {
  readAuthorizations,
  renderAuthorizations,
} from '../../../src/core/sweep/authorizations-file.ts'

const signed = {
  chainId: 8453,
  destination: `0x${'7e'.repeat(20)}`,
  entries: [
    {
      index: 4,
      address: `0x${'ad'.repeat(20)}`,
      r: `0x${'11'.repeat(32)}`,
      s: `0x${'22'.repeat(32)}`,
      yParity: 1,
    },
  ],
} as const

const render = () => JSON.parse(JSON.stringify(renderAuthorizations(signed)))

describe('authorizations signed ahead', () => {
  test('are read back as they were signed', () => {
    expect(readAuthorizations(render())).toEqual({ ok: true, value: signed })
  })

  test.each<[string, (file: any) => void]>([
    ['kind', (file) => (file.kind = 'quittance-sweep-signed')],
    ['version', (file) => (file.version = 2)],
    ['delegate', (file) => (file.destination = file.entries[0].address)],
    ['nonce', (file) => (file.nonce = 1)],
    ['chain_id', (file) => (file.chain_id = 0)],
    ['entries[0].y_parity', (file) => (file.entries[0].y_parity = 27)],
    ['entries[0].r', (file) => (file.entries[0].r = '0x1')],
  ])('are refused by the name of the field: %s', (field, change) => {
    const file = render()
    change(file)
    expect(readAuthorizations(file)).toMatchObject({ ok: false, field })
  })
})
