/** When blocks come: when told, at each transaction, or by the clock. */
export type MiningRule = 'manual' | 'auto' | { readonly intervalS: number }

/** What the gate does with a body. */
export type Ask =
  /** Traces, or writes the chain: only by itself. */
  | { readonly kind: 'turn' }
  /** Sends transactions, which are mined at once where the rule says so. */
  | { readonly kind: 'send' }
  /** For the gate: the node itself never mines by a rule. */
  | { readonly kind: 'rule'; readonly id: unknown; readonly rule: MiningRule }
  | { readonly kind: 'refused'; readonly id: unknown; readonly error: RpcError }
  | { readonly kind: 'other' }

type RpcError = { readonly code: number; readonly message: string }

// Read as text: parsing every body would cost more than all the rest. Whatever only looks like a
// method takes a turn without need.
const TRACES = ['"debug_trace', '"trace_', '"ots_']
const WRITES = ['"evm_', '"anvil_', '"hardhat_', '"tenderly_']
const SENDS = ['"eth_send']
const RULES = /"(?:evm|anvil)_set(?:Automine|IntervalMining)"/

const INVALID_REQUEST = -32_600
const INVALID_PARAMS = -32_602

/** Judges a body by the methods it names. */
export function judgeBody(body: Buffer): Ask {
  const names = (methods: readonly string[]) => methods.some((method) => body.includes(method))
  const writes = names(WRITES)
  const traces = names(TRACES)
  if (traces && writes) {
    // The node would run them at once.
    return refuse(null, INVALID_REQUEST, 'a batch either traces or writes the chain')
  }
  if (writes && RULES.test(body.toString())) return readRule(body)
  if (traces || writes) return { kind: 'turn' }
  return { kind: names(SENDS) ? 'send' : 'other' }
}

function readRule(body: Buffer): Ask {
  const call = JSON.parse(body.toString())
  if (Array.isArray(call)) {
    return refuse(null, INVALID_REQUEST, `${call[0]?.method}: not in a batch`)
  }
  const { id, method, params } = call
  const wanted = Array.isArray(params) ? params[0] : undefined
  if (/Automine$/.test(method)) {
    if (typeof wanted !== 'boolean') return refuse(id, INVALID_PARAMS, `${method}: true or false`)
    return { kind: 'rule', id, rule: wanted ? 'auto' : 'manual' }
  }
  // Hexadecimal as well, as anvil takes it.
  const intervalS = typeof wanted === 'string' ? Number(wanted) : wanted
  if (!Number.isFinite(intervalS) || intervalS < 0) {
    return refuse(id, INVALID_PARAMS, `${method}: seconds, or 0 for none`)
  }
  return { kind: 'rule', id, rule: intervalS === 0 ? 'manual' : { intervalS } }
}

function refuse(id: unknown, code: number, message: string): Ask {
  return { kind: 'refused', id, error: { code, message } }
}
