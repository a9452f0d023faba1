import { createServer } from 'node:net'

/**
 * Returns a loopback port that is free now: the one asked for, or any. Rejects when it is taken.
 * Another process may still take it before you do.
 */
export function findFreePort(wanted = 0): Promise<number> {
  const server = createServer()
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(wanted, '127.0.0.1', () => {
      const address = server.address()
      if (address === null || typeof address === 'string') {
        reject(new Error('the probe server has no port'))
        return
      }
      server.close(() => resolve(address.port))
    })
  })
}
