import { type ChainFragment, type ChainProfile, FINALITY_CAP, PROVEN } from './chain-profile.ts'

/** `safe`: the batch is on Ethereum, 5 to 10 minutes. `finalized`: its block is final there, 30. */
const FINALITY: ChainFragment['finality'] = [
  { up_to: '100 USD', confirmations: 10 },
  { up_to: '1000 USD', confirmations: 'safe' },
  { confirmations: 'finalized' },
]

const OP_STACK = {
  block_time_ms: 2_000,
  poll_interval_ms: 2_000,
  max_reorg_blocks: 1_800,
  finality: FINALITY,
  finality_cap: FINALITY_CAP,
  finalized_tag: 'on',
  // Final with the batch on Ethereum, 30 minutes; the tag moves in steps of one.
  finality_stuck_s: 2_400,
  // Deposits (0x7e) with their nonce and receipt version are known to the proofs.
  proofs: PROVEN,
  native_mode: 'delta',
  native: { symbol: 'ETH', decimals: 18 },
} satisfies Partial<ChainFragment>

export const BASE: ChainProfile = {
  genesisHash: '0xf712aa9241cc24369b143cf6dce85f0902a9731e70d66818a3a5845b296c73dd',
  settings: {
    name: 'Base',
    network_name: 'Base',
    testnet: false,
    ...OP_STACK,
    tokens: [
      { symbol: 'USDC', decimals: 6, address: '0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913' },
      { symbol: 'EURC', decimals: 6, address: '0x60a3E35Cc302bFA44Cb288Bc5a4F316Fdb1adb42' },
      { symbol: 'DAI', decimals: 18, address: '0x50c5725949A6F0c72E6C4a641F24049A917DB0Cb' },
      { symbol: 'USDbC', decimals: 6, address: '0xd9aAEc86B65D86f6A7B5B1b0c42FFA531710b6CA' },
    ],
  },
}

export const BASE_SEPOLIA: ChainProfile = {
  genesisHash: '0x0dcc9e089e30b90ddfc55be9a37dd15bc551aeee999d2e2b51414c54eaf934e4',
  settings: {
    name: 'Base Sepolia',
    network_name: 'Base Sepolia (test network)',
    testnet: true,
    ...OP_STACK,
    tokens: [
      { symbol: 'USDC', decimals: 6, address: '0x036CbD53842c5426634e7929541eC2318f3dCF7e' },
      { symbol: 'EURC', decimals: 6, address: '0x808456652fdb597867f38412077A9182bf77359F' },
    ],
  },
}

export const OP_MAINNET: ChainProfile = {
  genesisHash: '0x7ca38a1916c42007829c55e69d3e9a73265554b586a499015373241b8a3fa48b',
  settings: {
    name: 'OP Mainnet',
    network_name: 'OP Mainnet (Optimism)',
    testnet: false,
    ...OP_STACK,
    tokens: [
      { symbol: 'USDC', decimals: 6, address: '0x0b2C639c533813f4Aa9D7837CAf62653d097Ff85' },
      { symbol: 'USDT', decimals: 6, address: '0x94b008aA00579c1307B0EF2c499aD98a8ce58e58' },
      { symbol: 'USDT0', decimals: 6, address: '0x01bFF41798a0BcF287b996046Ca68b395DbC1071' },
      { symbol: 'DAI', decimals: 18, address: '0xDA10009cBd5D07dd0CeCc66161FC93D7c9000da1' },
      { symbol: 'USDC.e', decimals: 6, address: '0x7F5c764cBc14f9669B88837ca1490cCa17c31607' },
    ],
  },
}

export const OP_SEPOLIA: ChainProfile = {
  genesisHash: '0x102de6ffb001480cc9b8b548fd05c34cd4f46ae4aa91759393db90ea0409887d',
  settings: {
    name: 'OP Sepolia',
    network_name: 'OP Sepolia (test network)',
    testnet: true,
    ...OP_STACK,
    tokens: [
      { symbol: 'USDC', decimals: 6, address: '0x5fd84259d66Cd46123540766Be93DFE6D43130D7' },
    ],
  },
}
