/** Usage: node send-program.ts URL... Prints what came of a webhook to each, as a JSON list. */
import { createSystemClock } from '../../../src/adapters/system/clock.ts'
import { parseAllowedHosts } from '../../../src/adapters/webhook-http/address-guard.ts'
import { createWebhookSender } from '../../../src/adapters/webhook-http/webhook-sender.ts'

const urls = process.argv.slice(2)
const sender = createWebhookSender({
  clock: createSystemClock(),
  allowedHosts: parseAllowedHosts(urls.map((url) => new URL(url).host)),
})
const results = await Promise.all(urls.map((url) => sender.send({ url, headers: {}, body: '{}' })))
const outcomes = results.map((result) => (result.kind === 'failed' ? result.reason : result.kind))
process.stdout.write(JSON.stringify(outcomes))
