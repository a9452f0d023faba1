/** docs/webhooks.md and docs/states.md against the events, statuses and tables of the code. */
import { describe, expect, test } from 'vitest'
import { INVOICE_STATUSES } from '../../src/core/invoice/invoice.ts'
import { EVENT_TYPES } from '../../src/core/webhook/event.ts'
import { codeSpans, readText, section, tableRows } from './read-docs.ts'

const webhooks = readText('docs/webhooks.md')
const states = readText('docs/states.md')
const stateMachine = readText('src/core/invoice/advance-invoice.ts')

/** The members of a union of texts, as they are written in a source file. */
function membersOf(path: string, type: string): string[] {
  const declaration = new RegExp(`export type ${type} =([\\s\\S]*?)(?:\\n\\n|\\nexport )`)
  const text = declaration.exec(readText(path))?.[1] ?? ''
  return [...text.matchAll(/'([a-z_-]+)'/g)].map((match) => match[1] as string)
}

const firstCells = (text: string) =>
  tableRows(text).map(([first]) => (first ?? '').replaceAll('`', ''))

/** Lines of the first table in a text, blanks and comment marks taken away. */
function firstTable(text: string): string[] {
  const lines = text.split('\n').map((line) => line.replace(/^ \* /, '').trim())
  const from = lines.findIndex((line) => line.startsWith('| from \\ standing'))
  const length = lines.slice(from).findIndex((line) => !line.startsWith('|'))
  return lines.slice(from, from + length).map((line) => line.replace(/[ -]+/g, ' '))
}

describe('webhooks', () => {
  test('the page lists every event type, in the order of the code, and no other', () => {
    expect(firstCells(section(webhooks, 'Events'))).toEqual([...EVENT_TYPES])
  })

  test.each([
    'README.md',
    'docs/webhooks.md',
    'docs/states.md',
    'docs/GLOSSARY.md',
    'docs/operating/recover.md',
    'docs/operating/deep-reorg.md',
  ])('%s names no event that does not exist', (path) => {
    const named = codeSpans(readText(path)).filter((span) =>
      /^(invoice|payment|endpoint|refund|alert)\.[a-z_]+$/.test(span),
    )
    expect(named.filter((name) => !(EVENT_TYPES as readonly string[]).includes(name))).toEqual([])
  })

  test('the page says the default schedule', async () => {
    const { STANDARD_SCHEDULE_MS } = await import('../../src/core/webhook/retry-schedule.ts')
    const waits = STANDARD_SCHEDULE_MS.slice(1).map((ms) => {
      if (ms < 60_000) return `${ms / 1_000} s`
      return ms < 3_600_000 ? `${ms / 60_000} min` : `${ms / 3_600_000} h`
    })
    expect(webhooks.replace(/\s+/g, ' ')).toContain(waits.join(', '))
  })
})

describe('states', () => {
  test('the state table equals the one above the function', () => {
    expect(firstTable(states)).toEqual(firstTable(stateMachine))
    expect(firstTable(states)).toHaveLength(8)
  })

  test('the table has a row per status and a column per standing', () => {
    const [head = '', , ...rows] = firstTable(states)
    const cells = (line: string) => line.split('|').map((cell) => cell.trim())
    expect(rows.map((row) => cells(row)[1]).sort()).toEqual(INVOICE_STATUSES.toSorted())
    const standings = membersOf('src/core/invoice/assess-payments.ts', 'Standing')
    const written = (name: string) => name.replaceAll('-', ' ')
    expect(cells(head).slice(2, -1)).toEqual(standings.map(written))
    for (const standing of standings)
      expect(firstCells(section(states, 'Invoices'))).toContain(standing)
  })

  test('the first sentence names every status', () => {
    const sentence = section(states, 'Invoices').split('Underpaid,')[0] ?? ''
    expect(codeSpans(sentence).sort()).toEqual(INVOICE_STATUSES.toSorted())
  })

  test.each([
    ['Facts', 'src/core/invoice/assess-payments.ts', 'PaidFacts', /readonly (\w+): boolean/g],
    ['Chains', 'src/ports/chain-directory.ts', 'ChainHealth', /'([a-z]+)'/g],
  ])('%s are those of the code', (heading, path, type, member) => {
    const body =
      new RegExp(`export type ${type} = \\{([\\s\\S]*?)\\n\\}`).exec(readText(path))?.[1] ?? ''
    const names = [...body.matchAll(member)].map((match) => match[1] as string)
    // A chain that was not observed yet is shown as behind.
    const shown = names.filter((name) => name !== 'starting')
    expect(firstCells(section(states, heading)).sort()).toEqual(shown.sort())
  })

  test('positions are those of the code', () => {
    const listed = firstCells(section(states, 'Payments')).slice(0, 3)
    expect(listed.sort()).toEqual(membersOf('src/core/payment/payment.ts', 'Position').sort())
  })

  test('delivery statuses are those of the code', () => {
    const named = codeSpans(section(states, 'Deliveries and endpoints'))
    const statuses = [
      ...membersOf('src/core/webhook/delivery.ts', 'DeliveryStatus'),
      ...membersOf('src/core/webhook/delivery.ts', 'EndpointStatus'),
    ]
    expect(named.sort()).toEqual(statuses.sort())
  })
})
