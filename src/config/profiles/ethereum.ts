import { type ChainFragment, type ChainProfile, FINALITY_CAP, PROVEN } from './chain-profile.ts'

/**
 * Final two epochs on, 13 to 19 minutes. Never by `safe`: at some nodes that is a justified block, at
 * others a fast confirmation, and it may fall back.
 */
const FINALITY: ChainFragment['finality'] = [
  { up_to: '100 USD', confirmations: 2 },
  { up_to: '1000 USD', confirmations: 12 },
  { confirmations: 'finalized' },
]

export const ETHEREUM: ChainProfile = {
  genesisHash: '0xd4e56740f876aef8c010b86a40d5f56745a118d0906a34e69aec8c0db1cb8fa3',
  settings: {
    name: 'Ethereum',
    network_name: 'Ethereum (ERC20)',
    testnet: false,
    block_time_ms: 12_000,
    poll_interval_ms: 2_000,
    max_reorg_blocks: 300,
    finality: FINALITY,
    finality_cap: FINALITY_CAP,
    finalized_tag: 'on',
    // It moves every 6.4 minutes: three were missed.
    finality_stuck_s: 1_500,
    proofs: PROVEN,
    native_mode: 'delta',
    native: { symbol: 'ETH', decimals: 18 },
    tokens: [
      { symbol: 'USDC', decimals: 6, address: '0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48' },
      { symbol: 'USDT', decimals: 6, address: '0xdAC17F958D2ee523a2206206994597C13D831ec7' },
      { symbol: 'DAI', decimals: 18, address: '0x6B175474E89094C44Da98b954EedeAC495271d0F' },
      { symbol: 'EURC', decimals: 6, address: '0x1aBaEA1f7C830bD89Acc67eC4af516284b1bC33c' },
    ],
  },
}

export const SEPOLIA: ChainProfile = {
  genesisHash: '0x25a5cc106eea7138acab33231d7160d69cb777ee0c2c553fcddf5138993e6dd9',
  settings: {
    name: 'Sepolia',
    network_name: 'Ethereum Sepolia (test network)',
    testnet: true,
    block_time_ms: 12_000,
    poll_interval_ms: 2_000,
    max_reorg_blocks: 300,
    finality: FINALITY,
    finality_cap: FINALITY_CAP,
    finalized_tag: 'on',
    // It moves every 6.4 minutes: three were missed.
    finality_stuck_s: 1_500,
    proofs: PROVEN,
    // EIP-7708 is live.
    native_mode: 'logs',
    native: { symbol: 'ETH', decimals: 18 },
    tokens: [
      { symbol: 'USDC', decimals: 6, address: '0x1c7D4B196Cb0C7B01d743Fbc6116a902379C7238' },
      { symbol: 'EURC', decimals: 6, address: '0x08210F9170F89Ab7658F0B5E3fF39b0E03C594D4' },
    ],
  },
}
