/** Calls within a transaction: some that bring coins, and everything that only looks like one. */
import type { CallFrame } from '../../src/core/chain/call-frames.ts'
import type { Address } from '../../src/core/money/asset.ts'
import type { CallMove, Calls } from './coin-accounts.ts'
import type { Random } from './random.ts'

const SPLITTER: Address = '0x0000000000000000000000000000000000005911'
const WALLET: Address = '0x000000000000000000000000000000000000a77e'

type Draft = {
  readonly type: string
  readonly from: Address
  readonly to: Address
  readonly units: bigint
  readonly failed?: boolean
  readonly below?: readonly Draft[]
}

/** What a contract does that pays `units` to an address; `succeeded`: the transaction as a whole. */
export function drawCalls(
  random: Random,
  from: Address,
  to: Address,
  units: bigint,
  succeeded: boolean,
): Calls {
  const third = units / 3n
  const shares = third > 0n && random.chance(0.2) ? [third, units - third] : [units]
  const paying = shares.map((share) => drawPaying(random, from, to, share))
  const drafts = [...paying]
  for (let i = random.below(3); i > 0; i--) {
    drafts.splice(random.below(drafts.length + 1), 0, drawDecoy(random, from, to, units))
  }
  const moves: CallMove[] = []
  const frames = drafts.map((draft, place) => build(draft, `${place}`, !succeeded, moves))
  return { frames, moves }
}

function drawPaying(random: Random, from: Address, to: Address, units: bigint): Draft {
  const type = random.pick(['CALL', 'CALL', 'CALL', 'SELFDESTRUCT'])
  const paying: Draft = { type, from, to, units }
  if (random.chance(0.5)) return paying
  const inner: Draft = { ...paying, from: SPLITTER }
  const before: Draft[] = random.chance(0.3) ? [drawDecoy(random, SPLITTER, to, units)] : []
  return { type: 'CALL', from, to: SPLITTER, units, below: [...before, inner] }
}

/** Nothing of it reaches the address, whatever a tracer repeats. */
function drawDecoy(random: Random, from: Address, to: Address, units: bigint): Draft {
  const call: Draft = { type: 'CALL', from, to, units }
  switch (random.below(7)) {
    case 0:
      return { ...call, failed: true }
    case 1:
      // What it called succeeded, and was undone with it.
      return {
        type: 'CALL',
        from,
        to: WALLET,
        units,
        failed: true,
        below: [{ ...call, from: WALLET }],
      }
    case 2:
      return { ...call, type: 'DELEGATECALL' }
    case 3:
      return { ...call, type: 'CALLCODE' }
    case 4:
      return { ...call, units: 0n }
    case 5:
      return { ...call, type: 'STATICCALL' }
    default:
      return { ...call, to: WALLET }
  }
}

/** What moved is written down here, from what was meant and not from the frames. */
function build(draft: Draft, path: string, isUndone: boolean, moves: CallMove[]): CallFrame {
  const { type, from, to, units, failed = false, below = [] } = draft
  const isLost = isUndone || failed
  const hasMoved = type === 'CALL' || type === 'SELFDESTRUCT'
  if (!isLost && hasMoved && units > 0n) moves.push({ path, from, to, units })
  const calls = below.map((inner, place) => build(inner, `${path}.${place}`, isLost, moves))
  return { type, from, to, valueUnits: units, failed, calls }
}
