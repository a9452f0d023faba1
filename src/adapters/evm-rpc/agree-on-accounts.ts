/**
 * The nodes of a chain as one, for the tools that move money out: two must say the same of what
 * addresses hold, whatever is signed goes to all, and a receipt may come from any.
 */
import { assert } from '../../core/assert.ts'
import { ChainSourceError } from '../../errors.ts'
import type { AccountState, SendResult, SweepChain } from '../../ports/sweep-chain.ts'

/** As many as must agree where as many are configured: the same as for a head (ADR 0020). */
const WITNESSES = 2

/** `warn` is told when fewer answer than must agree, and the one that does is believed. */
export function agreeOnAccounts(
  nodes: readonly SweepChain[],
  warn: (line: string) => void,
): SweepChain {
  const [first] = nodes
  assert(first !== undefined, 'a chain has a node')
  if (nodes.length === 1) return first
  let witnesses: readonly SweepChain[] = nodes.slice(0, WITNESSES)
  /** Did not answer once: not waited for again by this process. */
  const away = new Set<SweepChain>()
  return {
    chainId: first.chainId,
    async getHead(signal) {
      const asked = nodes.filter((node) => !away.has(node))
      const answers = await Promise.allSettled(asked.map((node) => node.getHead(signal)))
      signal.throwIfAborted()
      const heads = answers.flatMap((answer, i) => {
        const node = asked[i] as SweepChain
        if (answer.status === 'fulfilled') return [{ node, head: answer.value }]
        if (isWrongChain(answer.reason)) throw answer.reason
        return []
      })
      if (heads.length === 0) throw reasonOf(answers)
      for (const node of asked) if (heads.every((one) => one.node !== node)) away.add(node)
      const chosen = heads.slice(0, WITNESSES)
      if (chosen.length < WITNESSES && witnesses.length === WITNESSES) {
        warn(
          `One of ${nodes.length} nodes of chain ${first.chainId} answers: its word is believed.`,
        )
      }
      witnesses = chosen.map(({ node }) => node)
      // What both have: the lower of the two.
      return chosen.reduce(
        (low, { head }) => (head.number < low.number ? head : low),
        chosen[0]!.head,
      )
    },
    async readAccounts(addresses, tokens, blockNumber, signal) {
      const [states, ...others] = await Promise.all(
        witnesses.map((node) => node.readAccounts(addresses, tokens, blockNumber, signal)),
      )
      return (states as AccountState[]).map((state, i) => {
        return others.reduce((agreed, other) => agree(agreed, other[i]), state)
      })
    },
    suggestFees: (signal) => firstOf(witnesses.map((node) => node.suggestFees(signal))),
    async getReceipts(hashes, signal) {
      const answers = await Promise.allSettled(
        nodes.map((node) => node.getReceipts(hashes, signal)),
      )
      const lists = valuesOf(answers)
      return hashes.map((_, i) => lists.map((list) => list[i]).find((one) => one != null) ?? null)
    },
    async send(raw, signal) {
      const answers = await Promise.allSettled(nodes.map((node) => node.send(raw, signal)))
      const results = valuesOf(answers)
      const best = (kind: SendResult['kind']) => results.find((result) => result.kind === kind)
      return best('sent') ?? best('known') ?? best('nonce_used') ?? (results[0] as SendResult)
    },
    findTransferFault: (transfer, signal) =>
      firstOf(witnesses.map((node) => node.findTransferFault(transfer, signal))),
  }
}

/** A token that one of them cannot ask is not known; anything else must be the same. */
function agree(one: AccountState, other: AccountState | undefined): AccountState {
  const isSame =
    other !== undefined &&
    one.address === other.address &&
    one.nonce === other.nonce &&
    one.code === other.code &&
    one.nativeUnits === other.nativeUnits &&
    one.tokenUnits.every((units, i) => {
      const theirs = other.tokenUnits[i]
      return units === theirs || units === null || theirs === null
    })
  if (!isSame) {
    const detail = `two nodes say different things of ${one.address} at the same height`
    throw new ChainSourceError('providers_disagree', detail)
  }
  const tokenUnits = one.tokenUnits.map((units, i) => (other.tokenUnits[i] === null ? null : units))
  return { ...one, tokenUnits }
}

function valuesOf<Value>(answers: readonly PromiseSettledResult<Value>[]): Value[] {
  const values = answers.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
  if (values.length === 0) throw reasonOf(answers)
  return values
}

async function firstOf<Value>(answers: readonly Promise<Value>[]): Promise<Value> {
  try {
    return await Promise.any(answers)
  } catch (error) {
    throw error instanceof AggregateError ? error.errors[0] : error
  }
}

function reasonOf(answers: readonly PromiseSettledResult<unknown>[]): unknown {
  return answers.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []))[0]
}

function isWrongChain(reason: unknown): boolean {
  return reason instanceof ChainSourceError && reason.kind === 'wrong_chain'
}
