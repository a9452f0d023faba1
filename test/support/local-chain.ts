import { afterAll, beforeAll } from 'vitest'
import { connectLocalChain, type LocalChain } from '../../hardhat-local/src/local-chain.ts'
import {
  type LocalNode,
  type StartAnvilOptions,
  startAnvil,
} from '../../hardhat-local/src/start-anvil.ts'

export type LocalChainFixture = { readonly node: LocalNode; readonly chain: LocalChain }

const START_TIMEOUT_MS = 20_000

/**
 * Starts an anvil of its own for the tests of the current file or `describe` and stops it after
 * them. The fixture may be read inside tests and hooks only.
 */
export function useLocalChain(options: StartAnvilOptions = {}): LocalChainFixture {
  let started: LocalChainFixture | undefined
  beforeAll(async () => {
    const node = await startAnvil(options)
    started = { node, chain: connectLocalChain(node.url) }
  }, START_TIMEOUT_MS)
  afterAll(() => started?.node.stop(), START_TIMEOUT_MS)

  const get = () => {
    if (started === undefined) throw new Error('the local chain is started before the first test')
    return started
  }
  return {
    get node() {
      return get().node
    },
    get chain() {
      return get().chain
    },
  }
}
