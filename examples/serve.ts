/** Serving an Express app on this machine, for the examples. */
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Express } from 'express'

export type Served = { readonly url: string; close(): Promise<void> }

/** On loopback; port 0 is any that is free. */
export async function serve(app: Express, port: number): Promise<Served> {
  const server = await new Promise<Server>((resolve, reject) => {
    const listening = app.listen(port, '127.0.0.1', (error?: Error) =>
      error === undefined ? resolve(listening) : reject(error),
    )
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}
