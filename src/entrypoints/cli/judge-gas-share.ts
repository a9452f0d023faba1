import type { ChainSettings } from '../../core/chain/chain-settings.ts'
import { formatDecimal, parseDecimal } from '../../core/money/decimal.ts'
import type { SweepFacts } from '../../core/sweep/sweep-plan.ts'
import type { Deps } from '../../operations/deps.ts'
import { priceSweep } from '../../operations/price-sweep.ts'
import type { CliIo } from './cli-io.ts'
import { refuse } from './signed-files.ts'

/** Percent, with two digits. */
const SHARE_DECIMALS = 2
/** Fees and gas limits of a plan are bounds: a fifth of them, or less, is paid as a rule. */
export const MAX_GAS_SHARE = '25'

/** Refuses a collection that may cost more than this share of what it brings, unless forced. */
export async function judgeGasShare(
  io: CliIo,
  deps: Pick<Deps, 'rates' | 'clock'> & { readonly settings: ChainSettings },
  facts: SweepFacts,
  { maxGasShare, force }: { readonly maxGasShare: string; readonly force?: true },
): Promise<void> {
  const limit = parseDecimal(maxGasShare, SHARE_DECIMALS)
  if (!limit.ok) throw refuse('--max-gas-share', 'takes a percentage such as 5')
  if (facts.entries.length === 0) return
  const coin = deps.settings.assets.find(({ token }) => token === null)?.symbol ?? null
  const { share, unpriced } = await priceSweep(deps, facts, coin)
  if (unpriced.length > 0) io.warn(`No price for ${unpriced.join(', ')}: counted as worth nothing.`)
  if (share === null) {
    io.warn('Nothing of it has a price: what it costs was not compared with what it brings.')
    return
  }
  const hundredths = (share.numerator * 10_000n) / share.denominator
  const percent = formatDecimal(hundredths, SHARE_DECIMALS)
  if (hundredths > limit.units && force !== true) {
    const detail = `may be up to ${percent} % of what is collected, more than ${maxGasShare} %`
    throw refuse('the fee', `${detail}; collect later, leave small balances (--min), or --force`)
  }
  io.print(`The fee is at most ${percent} % of what is collected`)
}
