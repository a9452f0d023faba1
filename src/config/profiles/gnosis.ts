import { type ChainFragment, type ChainProfile, FINALITY_CAP, OBSERVE } from './chain-profile.ts'

/** Two epochs of 16 blocks: final after 2 to 3 minutes. */
const FINALITY: ChainFragment['finality'] = [
  { up_to: '100 USD', confirmations: 12 },
  { confirmations: 'finalized' },
]

const GNOSIS_CHAIN = {
  block_time_ms: 5_000,
  poll_interval_ms: 2_000,
  max_reorg_blocks: 300,
  finality: FINALITY,
  finality_cap: FINALITY_CAP,
  finalized_tag: 'on',
  // An epoch is 80 s.
  finality_stuck_s: 600,
  proofs: OBSERVE,
  native_mode: 'delta',
  native: { symbol: 'XDAI', decimals: 18 },
} satisfies Partial<ChainFragment>

/** The older bridge's USDC is left out: it has the same symbol as the coin and is another one. */
export const GNOSIS: ChainProfile = {
  genesisHash: '0x4f1dd23188aab3a76b463e4af801b52b1248ef073c648cbdc4c9333d3da79756',
  settings: {
    name: 'Gnosis',
    network_name: 'Gnosis Chain (xDai)',
    testnet: false,
    ...GNOSIS_CHAIN,
    tokens: [
      { symbol: 'USDC.e', decimals: 6, address: '0x2a22f9c3b484c3629090FeED35F17Ff8F88f76F0' },
    ],
  },
}

export const GNOSIS_CHIADO: ChainProfile = {
  genesisHash: '0xada44fd8d2ecab8b08f256af07ad3e777f17fb434f8f8e678b312f576212ba9a',
  settings: {
    name: 'Gnosis Chiado',
    network_name: 'Gnosis Chiado (test network)',
    testnet: true,
    ...GNOSIS_CHAIN,
    tokens: [],
  },
}
