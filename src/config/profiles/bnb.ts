import { type ChainFragment, type ChainProfile, OBSERVE } from './chain-profile.ts'

/** Usually final two blocks on, 1 to 2 s. When voting fails, depths of 176 to 240 (BEP-619). */
const FINALITY: ChainFragment['finality'] = [
  { up_to: '100 USD', confirmations: 'finalized' },
  { up_to: '1000 USD', confirmations: 'finalized', plus_s: 15 },
  { confirmations: 'finalized', plus_s: 60 },
]

const BNB = {
  block_time_ms: 450,
  poll_interval_ms: 1_000,
  max_reorg_blocks: 1_500,
  finality: FINALITY,
  // Nothing is credited before it is final.
  finality_cap: false,
  finalized_tag: 'on',
  // Two blocks.
  finality_stuck_s: 60,
  proofs: OBSERVE,
  native_mode: 'delta',
} satisfies Partial<ChainFragment>

/** The stablecoins here are Binance-Peg tokens with 18 decimals; on other chains they have 6. */
export const BNB_CHAIN: ChainProfile = {
  genesisHash: '0x0d21840abff46b96c84b2ac9e10e4f5cdaeb5693cb665db62a2f3b02d2d57b5b',
  settings: {
    name: 'BNB Chain',
    network_name: 'BNB Smart Chain (BEP20)',
    testnet: false,
    ...BNB,
    native: { symbol: 'BNB', decimals: 18 },
    tokens: [
      { symbol: 'USDT', decimals: 18, address: '0x55d398326f99059fF775485246999027B3197955' },
      { symbol: 'USDC', decimals: 18, address: '0x8AC76a51cc950d9822D68b83fE1Ad97B32Cd580d' },
      { symbol: 'DAI', decimals: 18, address: '0x1AF3F329e8BE154074D8769D1FFa4eE058B1DBc3' },
    ],
  },
}

export const BNB_TESTNET: ChainProfile = {
  genesisHash: '0x6d3c66c5357ec91d5c43af47e234a939b22557cbb552dc45bebbceeed90fbe34',
  settings: {
    name: 'BNB Chain Testnet',
    network_name: 'BNB Smart Chain (test network)',
    testnet: true,
    ...BNB,
    native: { symbol: 'tBNB', decimals: 18 },
    tokens: [
      { symbol: 'USDT', decimals: 18, address: '0x337610d27c682E347C9cD60BD4b3b107C9d34dDd' },
      { symbol: 'USDC', decimals: 18, address: '0x64544969ed7EBf5f083679233325356EbE738930' },
    ],
  },
}
