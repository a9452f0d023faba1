/** A QR code as SVG markup: one path of horizontal runs, a third of what a path per module takes. */
import { encode } from 'uqr'
import { html, type Markup } from '../html.ts'

/** Quiet zone around the code, in modules (ISO/IEC 18004 asks for four). */
const BORDER = 4
/** A page is asked for again and again while it is open, and drawing takes most of an answer's time. */
const DRAWN_MAX = 500

type Drawing = { readonly size: number; readonly path: string }

/** By text, the one used last at the end. */
const drawn = new Map<string, Drawing>()

/** `label` is what is read out. Dark on light in every colour scheme: scanners expect it. */
export function renderQrCode(text: string, label: string): Markup {
  const { size, path } = draw(text)
  return html`<svg viewBox="0 0 ${size} ${size}" role="img" aria-label="${label}" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h${size}v${size}H0z"/><path stroke="#000" d="${path}"/></svg>`
}

function draw(text: string): Drawing {
  const drawing = drawn.get(text) ?? drawAnew(text)
  drawn.delete(text)
  drawn.set(text, drawing)
  if (drawn.size > DRAWN_MAX) drawn.delete(drawn.keys().next().value as string)
  return drawing
}

function drawAnew(text: string): Drawing {
  const { data, size } = encode(text, { border: BORDER, ecc: 'M' })
  return { size, path: data.map(renderRow).join('') }
}

/** A stroke of width 1 along the middle of the row for each run of dark modules. */
function renderRow(row: readonly boolean[], y: number): string {
  let path = ''
  let x = 0
  while (x < row.length) {
    const start = row.indexOf(true, x)
    if (start === -1) break
    const next = row.indexOf(false, start)
    const end = next === -1 ? row.length : next
    path += `M${start} ${y}.5h${end - start}`
    x = end
  }
  return path
}
