import type { ChainSettings } from '../../core/chain/chain-settings.ts'
import { SECOND_MS } from '../../core/time.ts'
import type { AttributeDeps } from '../../operations/attribute-block.ts'
import {
  type AttributeMemory,
  attributePayments,
  FRESH_ATTRIBUTION,
} from '../../operations/attribute-payments.ts'
import type { ChainDirectory } from '../../ports/chain-directory.ts'
import { type RunLoop, startRunLoop } from './run-loop.ts'

/** How soon a turn whose time has come is taken; most looks find that it has not. */
const INTERVAL_MS = SECOND_MS
const FAULT_WAIT_MS = 30 * SECOND_MS

/**
 * Learns for ever who sent coins of which only balances told. A loop of its own: a trace that takes
 * long holds up no block.
 */
export function startPaymentAttributor(
  deps: AttributeDeps & { readonly chains: ChainDirectory },
  settings: ChainSettings,
): RunLoop {
  let memory: AttributeMemory = FRESH_ATTRIBUTION
  return startRunLoop(async (signal) => {
    // While blocks are missing, nodes have better questions to answer.
    const { state, cursor: tipNumber } = deps.chains.healthOf(settings.chainId)
    if (state !== 'ok' || tipNumber === null) return { waitMs: INTERVAL_MS }
    try {
      memory = await attributePayments(deps, { settings, tipNumber, memory, signal })
      return { waitMs: INTERVAL_MS }
    } catch (error) {
      if (!signal.aborted) {
        const fields = { chain_id: settings.chainId, err: error }
        deps.logger.error(fields, 'who sent coins could not be looked up')
      }
      return { waitMs: FAULT_WAIT_MS }
    }
  })
}
