/** What the QR codes of a page say, read by a decoder that knows nothing of how they were drawn. */
import jsqr from 'jsqr'

/** Pixels per module: what a decoder needs to find the corners. */
const SCALE = 4
const WHITE = 255

/** In the order of the page. Throws when an image is no code. */
export function readQrCodes(page: string): string[] {
  return [...page.matchAll(/<svg viewBox="0 0 (\d+) \1".*?<\/svg>/gs)].map(([svg, size]) => {
    const [, path = ''] = /<path stroke="#000" d="([^"]*)"/.exec(svg) ?? []
    return decode(drawRuns(path, Number(size)), Number(size) * SCALE)
  })
}

/** The text of a code in RGBA pixels of a square. */
export function decode(pixels: Uint8ClampedArray, width: number): string {
  // The package is CommonJS: its function is the default of its default.
  const read = (jsqr as unknown as { default: typeof jsqr.default }).default ?? jsqr
  const code = read(pixels, width, pixels.length / 4 / width)
  if (code === null) throw new Error('no QR code in this image')
  return code.data
}

/** Draws `M4 6.5h7`: a stroke of width 1 from x 4 in row 6, 7 modules long. */
function drawRuns(path: string, size: number): Uint8ClampedArray {
  const width = size * SCALE
  const pixels = new Uint8ClampedArray(width * width * 4).fill(WHITE)
  const runs = [...path.matchAll(/M(\d+) (\d+)\.5h(\d+)/g)]
  if (runs.map(([run]) => run).join('') !== path) throw new Error(`not only runs: ${path}`)
  for (const [x, y, length] of runs.map((run) => run.slice(1).map(Number))) {
    for (let row = (y as number) * SCALE; row < ((y as number) + 1) * SCALE; row++) {
      const start = row * width + (x as number) * SCALE
      for (let at = start; at < start + (length as number) * SCALE; at++) {
        pixels.fill(0, at * 4, at * 4 + 3)
      }
    }
  }
  return pixels
}
