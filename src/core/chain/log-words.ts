/** Words of logs, as nodes write them: lower-case hex with `0x`. */

/** keccak256("Transfer(address,address,uint256)"), EIP-20. */
export const TRANSFER_TOPIC = '0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef'
/** An address in a topic, with clean padding. */
export const ADDRESS_TOPIC = /^0x0{24}[0-9a-f]{40}$/
/** One word of data. */
export const WORD = /^0x[0-9a-f]{64}$/
