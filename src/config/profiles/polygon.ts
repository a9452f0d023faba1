import { type ChainFragment, type ChainProfile, FINALITY_CAP } from './chain-profile.ts'

/** A milestone is `finalized`, 4 to 8 s. Before there were any: a reorg of 157 blocks in 2023. */
const FINALITY: ChainFragment['finality'] = [
  { up_to: '100 USD', confirmations: 3 },
  { up_to: '1000 USD', confirmations: 'finalized' },
  { confirmations: 'finalized', plus_blocks: 32 },
]

const POLYGON_POS = {
  block_time_ms: 2_000,
  poll_interval_ms: 2_000,
  max_reorg_blocks: 512,
  finality: FINALITY,
  finality_cap: FINALITY_CAP,
  finalized_tag: 'on',
  // A milestone every few seconds.
  finality_stuck_s: 120,
  // State sync (0x7f) stands outside receipts root and bloom.
  proofs: {
    header_hash: 'on',
    transactions_root: 'observe',
    receipts_root: 'off',
    bloom: 'off',
  },
  excluded_tx_types: [0x7f],
  native_mode: 'logs',
  native: { symbol: 'POL', decimals: 18 },
} satisfies Partial<ChainFragment>

export const POLYGON: ChainProfile = {
  genesisHash: '0xa9c28ce2141b56c474f1dc504bee9b01eb1bd7d1a507580d5519d4437a97de1b',
  settings: {
    name: 'Polygon',
    network_name: 'Polygon PoS',
    testnet: false,
    ...POLYGON_POS,
    tokens: [
      { symbol: 'USDC', decimals: 6, address: '0x3c499c542cEF5E3811e1192ce70d8cC03d5c3359' },
      { symbol: 'USDT', decimals: 6, address: '0xc2132D05D31c914a87C6611C10748AEb04B58e8F' },
      { symbol: 'DAI', decimals: 18, address: '0x8f3Cf7ad23Cd3CaDbD9735AFf958023239c6A063' },
      { symbol: 'USDC.e', decimals: 6, address: '0x2791Bca1f2de4661ED88A30C99A7a9449Aa84174' },
    ],
  },
}

export const POLYGON_AMOY: ChainProfile = {
  genesisHash: '0x7202b2b53c5a0836e773e319d18922cc756dd67432f9a1f65352b61f4406c697',
  settings: {
    name: 'Polygon Amoy',
    network_name: 'Polygon Amoy (test network)',
    testnet: true,
    ...POLYGON_POS,
    tokens: [
      { symbol: 'USDC', decimals: 6, address: '0x41E94Eb019C0762f9Bfcf9Fb1E58725BfB0e7582' },
    ],
  },
}
