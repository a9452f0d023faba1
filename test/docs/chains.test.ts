/** docs/operating/chains.md against the built-in profiles. */
import { expect, test } from 'vitest'
import { CHAIN_PROFILES } from '../../src/config/chain-profiles.ts'
import type { ChainProfile } from '../../src/config/profiles/chain-profile.ts'
import { readText, section, tableRows } from './read-docs.ts'

const page = readText('docs/operating/chains.md')

function rowOf(id: string, { settings }: ChainProfile): string[] {
  const { native, tokens, finality } = settings
  const coin = native === false ? [] : [`${native.symbol} ${native.decimals}`]
  const tiers = finality.map(({ up_to, confirmations, plus_blocks, plus_s }) => {
    const more = [plus_blocks && `+${plus_blocks} blocks`, plus_s && `+${plus_s} s`]
    const rule = [confirmations, ...more.filter(Boolean)].join(' ')
    return up_to === undefined ? rule : `${rule} to ${up_to}`
  })
  return [
    `${settings.name} (${id})`,
    settings.network_name,
    `${settings.block_time_ms / 1_000} s`,
    tiers.join(', '),
    `${settings.max_reorg_blocks}`,
    [...coin, ...tokens.map(({ symbol, decimals }) => `${symbol} ${decimals}`)].join(', '),
  ]
}

test('every profile has its row, and no other chain has one', () => {
  const rows = tableRows(section(page, 'Built-in profiles'))
  expect(rows).toEqual([...CHAIN_PROFILES].map(([id, profile]) => rowOf(id, profile)))
})

test('every profile has a row of what is proven', () => {
  const rows = tableRows(section(page, 'What is proven, what is trusted'))
  const expected = [...CHAIN_PROFILES].map(([id, { settings }]) => {
    const { proofs, native_mode, finalized_tag } = settings
    const { header_hash, transactions_root, receipts_root, bloom } = proofs
    const proven = [header_hash, transactions_root, receipts_root, bloom]
    return [`${settings.name} (${id})`, ...proven, `${native_mode}`, `${finalized_tag}`]
  })
  expect(rows).toEqual(expected)
})

test('the facts of each family are told', () => {
  const text = section(page, 'What is proven, what is trusted')
  const families = [...text.matchAll(/^- \*([^*]+)\.\*/gm)].flatMap(([, names]) =>
    (names as string).split(', '),
  )
  const named = [...CHAIN_PROFILES.values()].filter(({ settings }) => !settings.testnet)
  for (const { settings } of named) expect(families).toContain(settings.name)
})
