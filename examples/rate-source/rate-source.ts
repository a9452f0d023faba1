/**
 * Prices of your own, for coins that no provider carries or at a rate you have agreed on: a server
 * that speaks Coinbase's spot API over a file of prices, which is read again for every question.
 *
 * usage: node examples/rate-source/rate-source.ts prices.json
 *
 * prices.json        { "ETH/USD": "2500.50", "BEAN/USD": "0.031" }
 * in the gateway's   "rates": { "sources": [{ "kind": "coinbase", "url": "http://127.0.0.1:3002",
 * configuration                               "pairs": ["ETH/USD", "BEAN/USD"] }] }
 */
import { readFileSync } from 'node:fs'
import process from 'node:process'
import express from 'express'
import { type Served, serve } from '../serve.ts'

/** Texts, since a JSON number is a float. */
const PRICE = /^(0|[1-9][0-9]{0,29})(\.[0-9]{1,36})?$/

/** A pair that is not in the file is 404: no price is better than an old one. */
export async function startRateSource(path: string, port = 0): Promise<Served> {
  const app = express()
  app.get('/v2/prices/:coin-:currency/spot', ({ params: { coin, currency } }, response) => {
    const prices = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>
    const amount = prices[`${coin}/${currency}`]
    if (typeof amount !== 'string' || !PRICE.test(amount)) {
      response.status(404).json({ errors: [{ id: 'not_found' }] })
      return
    }
    response.json({ data: { amount, base: coin, currency } })
  })
  return serve(app, port)
}

if (import.meta.main) {
  const path = process.argv[2]
  if (path === undefined) throw new Error('usage: rate-source.ts PRICES.json')
  const { url } = await startRateSource(path, 3002)
  console.log(`rates: ${url}`)
}
