import { expect, test } from 'vitest'
import { createChainDirectory } from '../../../src/adapters/system/chain-directory.ts'
import { createSystemClock } from '../../../src/adapters/system/clock.ts'
import { createMetrics } from '../../../src/adapters/system/metrics.ts'

test('times are told as a histogram by label, counts as they were added', async () => {
  const metrics = createMetrics(createChainDirectory(createSystemClock(), []))
  metrics.time('answer_seconds', 0.004, { surface: 'api_read' })
  metrics.time('answer_seconds', 0.2, { surface: 'api_read' })
  metrics.time('answer_seconds', 9, { surface: 'checkout' })
  metrics.count('invoices_created_total')
  metrics.count('invoices_created_total', {}, 2)
  const lines = (await metrics.render()).split('\n')
  expect(lines).toEqual(
    expect.arrayContaining([
      'quittance_answer_seconds_bucket{le="0.005",surface="api_read"} 1',
      'quittance_answer_seconds_bucket{le="0.15",surface="api_read"} 1',
      'quittance_answer_seconds_bucket{le="0.25",surface="api_read"} 2',
      'quittance_answer_seconds_bucket{le="5",surface="checkout"} 0',
      'quittance_answer_seconds_bucket{le="+Inf",surface="checkout"} 1',
      'quittance_answer_seconds_count{surface="api_read"} 2',
      'quittance_invoices_created_total 3',
    ]),
  )
})
