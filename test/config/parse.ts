import { HDKey } from '@scure/bip32'
import { type GatewayConfig, parseConfig } from '../../src/config.ts'
import { GatewayError } from '../../src/errors.ts'

/**
 * An account key (depth 3) and its relatives, made here so that nothing secret is copied around.
 */
const master = HDKey.fromMasterSeed(new Uint8Array(32).fill(7))
const account = master.derive("m/44'/60'/0'")
export const XPUB = account.publicExtendedKey
export const XPRV = account.privateExtendedKey
export const DEEP_XPUB = account.derive('m/0').publicExtendedKey
export const HEX_KEY = '4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318'
export const MNEMONIC =
  'legal winner thank year wave sausage worth useful legal winner thank yellow'
export const API_KEY = `qk_${'aB3_'.repeat(8)}`

export const USDC = `0x${'ab'.repeat(20)}`

export const LOCAL_CHAIN = { rpc: ['http://127.0.0.1:8545'], test: true }

type Environment = Record<string, string | undefined>

export function parse(file: unknown = null, env: Environment = {}): GatewayConfig {
  const text = typeof file === 'string' ? file : JSON.stringify(file)
  return parseConfig({
    file: file === null ? null : { path: '/srv/shop/quittance.config.json', text },
    env,
    cwd: '/home/user',
  })
}

/** The refusal of a configuration. */
export function refusal(file: unknown = null, env: Environment = {}): GatewayError {
  try {
    parse(file, env)
  } catch (error) {
    if (error instanceof GatewayError && error.code === 'invalid_configuration') return error
    throw error
  }
  throw new Error('the configuration was accepted')
}

/** Places of the faults, sorted. */
export function places(file: unknown = null, env: Environment = {}): string[] {
  return refusal(file, env)
    .faults.map((fault) => fault.pointer)
    .sort()
}

/** A file with one chain: the local one with these fields in place of its own. */
export function withChain(fields: object, chainId = 31337): { chains: Record<string, object> } {
  return { chains: { [chainId]: { ...LOCAL_CHAIN, ...fields } } }
}
