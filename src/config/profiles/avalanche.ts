import { type ChainFragment, type ChainProfile, OBSERVE } from './chain-profile.ts'

// Both networks have the same genesis block: the chain id alone tells them apart.
const GENESIS_HASH = '0x31ced5b9beb7f8782b014660da0cb18cc409f121f408186886e1ca3e8eeca96b'

const AVALANCHE_C = {
  block_time_ms: 1_500,
  poll_interval_ms: 1_000,
  max_reorg_blocks: 300,
  // Blocks are final when they are accepted, and nodes show accepted blocks only.
  finality: [{ up_to: '1000 USD', confirmations: 1 }, { confirmations: 2 }],
  finality_cap: false,
  finalized_tag: 'off',
  // Headers have fields of their own.
  proofs: OBSERVE,
  native_mode: 'delta',
  native: { symbol: 'AVAX', decimals: 18 },
} satisfies Partial<ChainFragment>

export const AVALANCHE: ChainProfile = {
  genesisHash: GENESIS_HASH,
  settings: {
    name: 'Avalanche',
    network_name: 'Avalanche C-Chain',
    testnet: false,
    ...AVALANCHE_C,
    tokens: [
      { symbol: 'USDC', decimals: 6, address: '0xB97EF9Ef8734C71904D8002F8b6Bc66Dd9c48a6E' },
      { symbol: 'USDT', decimals: 6, address: '0x9702230A8Ea53601f5cD2dc00fDBc13d4dF4A8c7' },
      { symbol: 'EURC', decimals: 6, address: '0xC891EB4cbdEFf6e073e859e987815Ed1505c2ACD' },
      { symbol: 'USDC.e', decimals: 6, address: '0xA7D7079b0FEaD91F3e65f86E8915Cb59c1a4C664' },
      { symbol: 'USDT.e', decimals: 6, address: '0xc7198437980c041c805A1EDcbA50c1Ce5db95118' },
      { symbol: 'DAI.e', decimals: 18, address: '0xd586E7F844cEa2F87f50152665BCbc2C279D8d70' },
    ],
  },
}

export const AVALANCHE_FUJI: ChainProfile = {
  genesisHash: GENESIS_HASH,
  settings: {
    name: 'Avalanche Fuji',
    network_name: 'Avalanche Fuji (test network)',
    testnet: true,
    ...AVALANCHE_C,
    tokens: [
      { symbol: 'USDC', decimals: 6, address: '0x5425890298aed601595a70AB815c96711a31Bc65' },
      { symbol: 'EURC', decimals: 6, address: '0x5E44db7996c682E92a960b65AC713a54AD815c6B' },
    ],
  },
}
