export type RpcError = Error & { code: number; data: unknown }

// Longer than any call of a healthy local node takes; a paused node fails its caller instead of
// hanging it.
const CALL_TIMEOUT_MS = 30_000

/**
 * Calls one JSON-RPC method and returns its result. A node's error is thrown as `RpcError`, code
 * kept.
 */
export async function callRpc<Result = unknown>(
  url: string,
  method: string,
  params: readonly unknown[] = [],
): Promise<Result> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
    signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
  })
  const answer = (await response.json()) as {
    result?: Result
    error?: { code: number; message: string; data?: unknown }
  }
  if (answer.error !== undefined) {
    const { code, message, data } = answer.error
    throw Object.assign(new Error(`${method}: ${message} (${code})`), { code, data })
  }
  return answer.result as Result
}
