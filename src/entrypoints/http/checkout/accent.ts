/**
 * The merchant's colour as a style sheet: made darker for light paper and lighter for dark paper
 * until text in it can be read (WCAG 2.2, 1.4.3: contrast of 4.5 to 1).
 */

const CONTRAST_MIN = 4.5
/** The grounds of `checkout.css` that text in the accent stands on. */
const LIGHT_GROUND = '#f4f2ec'
const DARK_GROUND = '#202327'
const WHITE = '#ffffff'
const BLACK = '#000000'
/** Parts of the way to black or white; twenty are black or white itself. */
const STEPS = 20

type Rgb = readonly [number, number, number]

export function renderAccentCss(accent: string): string {
  const light = toReadable(accent, LIGHT_GROUND, BLACK)
  const dark = toReadable(accent, DARK_GROUND, WHITE)
  return `:root{--accent:${light};--on-accent:${inkOn(light)}}
@media (prefers-color-scheme:dark){:root{--accent:${dark};--on-accent:${inkOn(dark)}}}
@media print{:root{--accent:${light}}}
`
}

/** Contrast of two colours, 1 to 21 (WCAG 2.2). */
export function contrastOf(a: string, b: string): number {
  const [high, low] = [luminanceOf(a), luminanceOf(b)].toSorted((x, y) => y - x) as [number, number]
  return (high + 0.05) / (low + 0.05)
}

function inkOn(colour: string): string {
  return contrastOf(colour, WHITE) >= contrastOf(colour, BLACK) ? WHITE : BLACK
}

function toReadable(colour: string, ground: string, towards: string): string {
  for (let step = 0; step < STEPS; step++) {
    const mixed = mix(colour, towards, step / STEPS)
    if (contrastOf(mixed, ground) >= CONTRAST_MIN) return mixed
  }
  return towards
}

function mix(from: string, to: string, share: number): string {
  const [a, b] = [parse(from), parse(to)]
  const parts = a.map((part, i) => Math.round(part + ((b[i] as number) - part) * share))
  return `#${parts.map((part) => part.toString(16).padStart(2, '0')).join('')}`
}

function parse(colour: string): Rgb {
  return [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16)) as unknown as Rgb
}

function luminanceOf(colour: string): number {
  const [red, green, blue] = parse(colour).map((part) => {
    const share = part / 255
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  }) as unknown as Rgb
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}
