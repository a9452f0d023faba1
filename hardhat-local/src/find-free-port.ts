import { createServer } from 'node:net'

/** Asks the system for a loopback port that is free now; another process may take it before you do. */
export function findFreePort(): Promise<number> {
  const server = createServer()
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      if (address === null || typeof address === 'string') {
        reject(new Error('the probe server has no port'))
        return
      }
      server.close(() => resolve(address.port))
    })
  })
}
