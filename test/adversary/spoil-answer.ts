/**
 * One random change to the text of a JSON-RPC answer: in the bytes, as a bad line or a bad proxy
 * makes it, or in the values, as a bad program makes it. Seeded: the same seed, the same change.
 */
import type { Random } from '../simulation/random.ts'

type Place = { readonly parent: any; readonly key: string | number }
type Spoil = (text: string, random: Random) => string | Buffer

/** Deeper than any parser that calls itself can go. */
const DEEP = 200_000
const NUMBERS = ['1e999', '-1', '0.5', '9007199254740993', '1e21', '-0', `${'9'.repeat(400)}`]
const VALUES: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  1.5,
  2 ** 53,
  '',
  '0x',
  '0x0',
  '0x00',
  '0x1',
  '0X1',
  '0xg',
  '0x-1',
  ' 0x1',
  '0x1 ',
  '1',
  `0x${'f'.repeat(64)}`,
  `0x${'f'.repeat(65)}`,
  `0x${'0'.repeat(40)}`,
  `0x${'0'.repeat(64)}`,
  `0x1${'0'.repeat(13)}`,
  `0x${'1'.repeat(1_000)}`,
  'latest',
  '\u0000',
  '\ud800',
  '\u202e0x1',
  '０x1',
  [],
  {},
  [[]],
  [null],
  { length: 3 },
  { toString: 1 },
]
const KEYS = ['__proto__', 'constructor', 'toString', 'length', 'hash', 'result', 'error', '']

/** The text with one to three changes: first of values, then of bytes, which may end all sense. */
export function spoilAnswer(text: string, random: Random): string | Buffer {
  const values = random.between(0, 2)
  let spoilt = text
  for (let left = values; left > 0; left -= 1) spoilt = inValues(spoilt, random)
  return values === 0 || random.chance(0.2) ? random.pick(IN_BYTES)(spoilt, random) : spoilt
}

const IN_BYTES: readonly Spoil[] = [
  // A flipped bit.
  (text, random) => {
    const bytes = Buffer.from(text)
    bytes[random.below(bytes.length)]! ^= 1 << random.below(8)
    return bytes
  },
  // A hex digit that became another: still well formed.
  (text, random) => {
    const digits = [...text.matchAll(/(?<=0x[0-9a-f]*)[0-9a-f]/g)]
    if (digits.length === 0) return text
    const { index } = random.pick(digits)
    return text.slice(0, index) + random.below(16).toString(16) + text.slice(index + 1)
  },
  (text, random) => text.slice(0, random.below(text.length)),
  (text, random) => {
    const from = random.below(text.length)
    return text.slice(0, from) + text.slice(from + random.between(1, 100))
  },
  (text, random) => {
    const from = random.below(text.length)
    const piece = text.slice(from, from + random.between(1, 500))
    return text.slice(0, from) + piece + text.slice(from)
  },
  (text, random) => {
    const at = random.below(text.length)
    return text.slice(0, at) + Buffer.from(random.bytes(random.between(1, 20))) + text.slice(at)
  },
  (text) => `\uFEFF${text}`,
  (text) => `${text}${text}`,
  (text, random) => `${text}${random.pick([' ', '\n', '}', ']', ',null', '\0', '//'])}`,
  // A number where any value stands, written so that it loses something when it is read.
  (text, random) => {
    const values = [...text.matchAll(/"0x[0-9a-f]*"/g)]
    if (values.length === 0) return text
    const { index, 0: value } = random.pick(values)
    return text.slice(0, index) + random.pick(NUMBERS) + text.slice(index + value.length)
  },
  // A key twice: which of them counts is the parser's choice.
  (text, random) => {
    const fields = [...text.matchAll(/"[a-zA-Z]+":"0x[0-9a-f]*",/g)]
    if (fields.length === 0) return text
    const { index, 0: field } = random.pick(fields)
    const other = field.replace(/[0-9a-f]",$/, `${random.below(16).toString(16)}",`)
    const pair = random.chance(0.5) ? field + other : other + field
    return text.slice(0, index) + pair + text.slice(index + field.length)
  },
  // The same letters in another spelling.
  (text, random) => {
    const at = random.below(text.length)
    const code = text.charCodeAt(at).toString(16).padStart(4, '0')
    return `${text.slice(0, at)}\\u${code}${text.slice(at + 1)}`
  },
  (text, random) => {
    const at = random.pick([...text.matchAll(/[:,[]/g)]).index + 1
    return text.slice(0, at) + random.pick(['[', '{"a":']).repeat(DEEP)
  },
  (text) => `${'['.repeat(DEEP)}${text}${']'.repeat(DEEP)}`,
  (text, random) => {
    const [open, close] = random.pick([
      ['[', ']'],
      ['{"result":', '}'],
    ])
    return text.replace(/"result":/, `"result":${open!.repeat(DEEP)}1${close!.repeat(DEEP)},"x":`)
  },
  (_text, random) => random.pick(['', 'null', '[]', '{}', '""', '<html>', '{"result":null}', '0']),
]

function inValues(text: string, random: Random): string {
  const document = JSON.parse(text)
  const places: Place[] = []
  const collect = (parent: any): void => {
    if (typeof parent !== 'object' || parent === null) return
    for (const key of Array.isArray(parent) ? parent.keys() : Object.keys(parent)) {
      places.push({ parent, key })
      collect(parent[key])
    }
  }
  collect(document)
  if (places.length === 0) return text
  random.pick(IN_VALUES)(places, random)
  return JSON.stringify(document)
}

const IN_VALUES: readonly ((places: readonly Place[], random: Random) => void)[] = [
  (places, random) => {
    const { parent, key } = random.pick(places)
    parent[key] = structuredClone(random.pick(VALUES))
  },
  (places, random) => {
    const { parent, key } = random.pick(places)
    if (Array.isArray(parent)) parent.splice(Number(key), 1)
    else delete parent[key]
  },
  // Two values change places.
  (places, random) => {
    const [a, b] = [random.pick(places), random.pick(places)]
    const [first, second] = [a.parent[a.key], b.parent[b.key]]
    a.parent[a.key] = structuredClone(second)
    b.parent[b.key] = structuredClone(first)
  },
  // Fields of one name change places, in two transactions or logs.
  (places, random) => {
    const a = random.pick(places)
    const b = random.pick(places.filter(({ key }) => key === a.key))
    const first = a.parent[a.key]
    a.parent[a.key] = b.parent[b.key]
    b.parent[b.key] = first
  },
  (places, random) => {
    const { parent, key } = random.pick(places)
    parent[key] = random.chance(0.5) ? [parent[key]] : { result: parent[key] }
  },
  (places, random) => {
    const { parent } = random.pick(places)
    if (Array.isArray(parent)) parent.push(structuredClone(random.pick(parent)))
    else parent[random.pick(KEYS)] = structuredClone(random.pick(VALUES))
  },
  (places, random) => {
    const lists = places.filter(({ parent, key }) => Array.isArray(parent[key]))
    if (lists.length === 0) return
    const { parent, key } = random.pick(lists)
    parent[key].reverse()
  },
  (places, random) => {
    const ids = places.filter(({ key }) => key === 'id')
    if (ids.length > 0) random.pick(ids).parent.id = random.pick([null, 0, -1, 1, '1', 1e300, []])
  },
]
