/** Planned transactions to signed ones. Private keys exist while one signature is made. */
import { keccak256, type SignedAuthorization } from 'viem'
import { privateKeyToAddress, signAuthorization, signTransaction } from 'viem/accounts'
import { assert } from '../../core/assert.ts'
import type { Hash } from '../../core/money/asset.ts'
import type { AuthorizationSignature } from '../../core/sweep/authorizations-file.ts'
import type {
  CommonFacts,
  PlannedAuthorization,
  PlannedTransaction,
} from '../../core/sweep/sweep-plan.ts'

/** Gives a private key for as long as `use` runs. */
export type Signers = {
  /** Of the internal chain: sponsors and payers. */
  internal<T>(index: number, use: (privateKey: `0x${string}`) => Promise<T>): Promise<T>
  deposit<T>(index: number, use: (privateKey: `0x${string}`) => Promise<T>): Promise<T>
}

/** Signs an authorization, or has it signed already. */
export type Authorize = (
  chainId: number,
  authorization: PlannedAuthorization,
) => Promise<AuthorizationSignature>

export type SigningChoices = {
  /** By the keys of the deposit addresses, unless told otherwise. */
  readonly authorize?: Authorize
  readonly onSigned?: (done: number, all: number) => void
}

export type SignedTransaction = {
  readonly planned: PlannedTransaction
  readonly hash: Hash
  readonly raw: `0x${string}`
}

/** Signs everything that was planned, in order. Reports each, since many take a while. */
export async function signTransactions(
  facts: Pick<CommonFacts, 'chainId' | 'fees'>,
  planned: readonly PlannedTransaction[],
  signers: Signers,
  { authorize = authorizeBy(signers), onSigned = () => {} }: SigningChoices = {},
): Promise<SignedTransaction[]> {
  const signed: SignedTransaction[] = []
  for (const transaction of planned) {
    const raw = await signOne(facts, transaction, signers, authorize)
    signed.push({ planned: transaction, raw, hash: keccak256(raw) })
    onSigned(signed.length, planned.length)
  }
  return signed
}

async function signOne(
  facts: Pick<CommonFacts, 'chainId' | 'fees'>,
  planned: PlannedTransaction,
  signers: Signers,
  authorize: Authorize,
): Promise<`0x${string}`> {
  const { from, to, nonce, data, valueUnits: value, gasLimit: gas } = planned
  const authorizationList: SignedAuthorization[] = []
  for (const authorization of planned.authorizations) {
    const { delegate: address, nonce: accountNonce } = authorization
    const signature = await authorize(facts.chainId, authorization)
    authorizationList.push({ chainId: facts.chainId, address, nonce: accountNonce, ...signature })
  }
  const call = { chainId: facts.chainId, to, nonce, data, value, gas }
  const fees = {
    maxFeePerGas: facts.fees.maxFeePerGasUnits,
    maxPriorityFeePerGas: facts.fees.maxPriorityFeePerGasUnits,
  }
  const sign = (privateKey: `0x${string}`) => {
    assert(isKeyOf(privateKey, from.address), 'a transaction is signed by its own sender')
    return authorizationList.length === 0
      ? signTransaction({ privateKey, transaction: { type: 'eip1559', ...call, ...fees } })
      : signTransaction({
          privateKey,
          transaction: { type: 'eip7702', ...call, ...fees, authorizationList },
        })
  }
  return from.kind === 'deposit'
    ? signers.deposit(from.index, sign)
    : signers.internal(from.index, sign)
}

/** Each authorization by the key of its own address. */
export function authorizeBy(signers: Pick<Signers, 'deposit'>): Authorize {
  return async (chainId, { index, address, nonce, delegate }) => {
    const { r, s, yParity } = await signers.deposit(index, (privateKey) => {
      assert(isKeyOf(privateKey, address), 'an authorization is signed by its own address')
      return signAuthorization({ privateKey, chainId, contractAddress: delegate, nonce })
    })
    return { r, s, yParity: yParity === 0 ? 0 : 1 }
  }
}

function isKeyOf(privateKey: `0x${string}`, address: string): boolean {
  return privateKeyToAddress(privateKey).toLowerCase() === address
}
