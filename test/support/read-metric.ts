import type { GatewayProcess } from './gateway-process.ts'

/** What a metric stands at, added up over all lines with these labels; zero before it is counted. */
export async function readMetric(
  { url }: Pick<GatewayProcess, 'url'>,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<number> {
  const answer = await fetch(`${url}/metrics`)
  if (answer.status !== 200) throw new Error(`GET /metrics: ${answer.status}`)
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`)
  return (await answer.text())
    .split('\n')
    .filter((line) => line.startsWith(`quittance_${name}{`))
    .filter((line) => wanted.every((label) => line.includes(label)))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0)
}
