import { type ChainFragment, type ChainProfile, FINALITY_CAP } from './chain-profile.ts'

/** Four blocks a second. Tags as on other rollups: on Ethereum, final on Ethereum. */
const FINALITY: ChainFragment['finality'] = [
  { up_to: '100 USD', confirmations: 20 },
  { up_to: '1000 USD', confirmations: 'safe' },
  { confirmations: 'finalized' },
]

const ARBITRUM = {
  block_time_ms: 250,
  poll_interval_ms: 1_000,
  max_reorg_blocks: 10_000,
  finality: FINALITY,
  finality_cap: FINALITY_CAP,
  finalized_tag: 'on',
  // Final with the batch on Ethereum, 30 minutes; the tag moves in steps of one.
  finality_stuck_s: 2_400,
  // Its own kinds of transactions (0x64 to 0x6a) have an encoding of their own.
  proofs: { header_hash: 'on', transactions_root: 'off', receipts_root: 'off', bloom: 'off' },
  // Retryable tickets and deposits deliver value without a transaction to the address.
  native_mode: 'trace',
  native: { symbol: 'ETH', decimals: 18 },
} satisfies Partial<ChainFragment>

export const ARBITRUM_ONE: ChainProfile = {
  genesisHash: '0x7ee576b35482195fc49205cec9af72ce14f003b9ae69f6ba0faef4514be8b442',
  settings: {
    name: 'Arbitrum One',
    network_name: 'Arbitrum One',
    testnet: false,
    ...ARBITRUM,
    tokens: [
      { symbol: 'USDC', decimals: 6, address: '0xaf88d065e77c8cC2239327C5EDb3A432268e5831' },
      { symbol: 'USDT', decimals: 6, address: '0xFd086bC7CD5C481DCC9C85ebE478A1C0b69FCbb9' },
      { symbol: 'DAI', decimals: 18, address: '0xDA10009cBd5D07dd0CeCc66161FC93D7c9000da1' },
      { symbol: 'USDC.e', decimals: 6, address: '0xFF970A61A04b1cA14834A43f5dE4533eBDDB5CC8' },
    ],
  },
}

export const ARBITRUM_SEPOLIA: ChainProfile = {
  genesisHash: '0x77194da4010e549a7028a9c3c51c3e277823be6ac7d138d0bb8a70197b5c004c',
  settings: {
    name: 'Arbitrum Sepolia',
    network_name: 'Arbitrum Sepolia (test network)',
    testnet: true,
    ...ARBITRUM,
    tokens: [
      { symbol: 'USDC', decimals: 6, address: '0x75faf114eafb1BDbe2F0316DF893fd58CE46AA4d' },
    ],
  },
}
