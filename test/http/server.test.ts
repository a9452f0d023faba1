import type { Server } from 'node:http'
import express from 'express'
import { expect, test } from 'vitest'
import { listen } from '../../src/entrypoints/http/server.ts'

const OPTIONS = { host: '127.0.0.1', port: 0 }

/** Every line of the log, as level and message. */
function createLog() {
  const lines: string[] = []
  const at = (level: string) => (fields: object, message: string) => {
    const { err } = fields as { err?: Error }
    lines.push([level, message, err?.message].join(': '))
  }
  return {
    lines,
    logger: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') },
  }
}

test('a fault of the server after the start is logged, and it goes on serving', async () => {
  const { lines, logger } = createLog()
  const app = express()
  app.get('/fail', (req, res) => {
    const { server } = req.socket as typeof req.socket & { server: Server }
    // As it comes when the process has no file descriptor left: outside of any request.
    setImmediate(() => {
      server.emit('error', new Error('accept EMFILE'))
      res.end()
    })
  })
  app.get('/', (_req, res) => void res.end('still here'))
  const server = await listen(app, { ...OPTIONS, logger })
  expect((await fetch(`${server.url}/fail`)).status).toBe(200)
  expect(lines).toEqual(['error: the HTTP server failed: accept EMFILE'])
  expect(await (await fetch(server.url)).text()).toBe('still here')
  await server.close()
})

test('a port that is taken is a failed start, not a line in the log', async () => {
  const { lines, logger } = createLog()
  const first = await listen(express(), { ...OPTIONS, logger })
  const port = Number(new URL(first.url).port)
  await expect(listen(express(), { ...OPTIONS, port, logger })).rejects.toThrow('EADDRINUSE')
  expect(lines).toEqual([])
  await first.close()
})
