/** Every small fault that could stand in a file: one operator, constant, condition or statement each. */
import { parseAst } from 'vitest/node'

export type Mutant = {
  /** Where the fault stands; `start` and `end` are offsets into the text. */
  readonly line: number
  readonly start: number
  readonly end: number
  readonly original: string
  readonly replacement: string
}

type Node = { readonly type: string; readonly start: number; readonly end: number } & Readonly<
  Record<string, unknown>
>

/** What a node may turn into: parts of the text by offsets, each with its replacement. */
type Change = readonly [start: number, end: number, replacement: string]

const OPERATORS: Readonly<Record<string, readonly string[]>> = {
  '+': ['-'],
  '-': ['+'],
  '*': ['/'],
  '/': ['*'],
  '%': ['*'],
  '**': ['*'],
  '<': ['<=', '>='],
  '<=': ['<', '>'],
  '>': ['>=', '<='],
  '>=': ['>', '<'],
  '===': ['!=='],
  '!==': ['==='],
  '&&': ['||'],
  '||': ['&&'],
  '??': ['&&'],
  '+=': ['-='],
  '-=': ['+='],
  '++': ['--'],
  '--': ['++'],
}

/** Methods that are easily taken for each other. */
const METHODS: Readonly<Record<string, string>> = {
  every: 'some',
  some: 'every',
  min: 'max',
  max: 'min',
  padStart: 'padEnd',
  padEnd: 'padStart',
  toLowerCase: 'toUpperCase',
  toUpperCase: 'toLowerCase',
}

/** Types, and texts that only tell a developer of a bug, decide nothing. */
const LEFT_ALONE = new Set(['ImportDeclaration', 'ExportAllDeclaration', 'ThrowStatement'])
const TYPED_EXPRESSIONS = new Set([
  'TSAsExpression',
  'TSNonNullExpression',
  'TSSatisfiesExpression',
])
const MESSAGE_OF = new Set(['assert', 'unreachable'])

/** All mutants of a TypeScript source, in its order. Each compiles to something that runs. */
export function listMutants(text: string): Mutant[] {
  const mutants: Mutant[] = []
  const visit = (node: Node): void => {
    for (const [start, end, replacement] of changesOf(node, text)) {
      const original = text.slice(start, end)
      const line = text.slice(0, start).split('\n').length
      if (original !== replacement) mutants.push({ line, start, end, original, replacement })
    }
    for (const child of childrenOf(node)) visit(child)
  }
  visit(parseAst(text, { lang: 'ts' }) as unknown as Node)
  return mutants.sort((a, b) => a.start - b.start || a.end - b.end)
}

export function applyMutant(text: string, { start, end, replacement }: Mutant): string {
  return text.slice(0, start) + replacement + text.slice(end)
}

function childrenOf(node: Node): Node[] {
  if (LEFT_ALONE.has(node.type)) return []
  if (node.type.startsWith('TS') && !TYPED_EXPRESSIONS.has(node.type)) return []
  if (TYPED_EXPRESSIONS.has(node.type)) return [node.expression as Node]
  const parts = Object.entries(node).flatMap(([name, value]) =>
    // The name of a property is not a text that a program uses.
    name === 'key' ? [] : [value].flat(),
  )
  const nodes = parts.filter(isNode)
  return isCallOf(node, MESSAGE_OF) ? nodes.filter((child) => child.type !== 'Literal') : nodes
}

function changesOf(node: Node, text: string): Change[] {
  switch (node.type) {
    case 'BinaryExpression':
    case 'LogicalExpression':
    case 'AssignmentExpression':
      return changeOperator(node, text)
    case 'UpdateExpression':
      return OPERATORS[node.operator as string]!.map((operator) => {
        const argument = node.argument as Node
        return [node.start, node.end, text.slice(argument.start, argument.end) + operator]
      })
    case 'UnaryExpression':
      return dropOperator(node)
    case 'ConditionalExpression':
    case 'IfStatement':
      return ['true', 'false'].map((value) => replace(node.test as Node, value))
    case 'WhileStatement':
      return [replace(node.test as Node, 'false')]
    case 'Literal':
      return changeLiteral(node)
    case 'ArrayExpression':
      return (node.elements as unknown[]).length > 0 ? [replace(node, '[]')] : []
    case 'CallExpression':
      return changeCall(node, text)
    case 'ExpressionStatement':
      return [replace(node, '')]
    case 'ReturnStatement':
      return isBooleanReturn(node)
        ? ['true', 'false'].map((value) => replace(node.argument as Node, value))
        : []
    default:
      return []
  }
}

function changeOperator(node: Node, text: string): Change[] {
  const left = node.left as Node
  const right = node.right as Node
  const operator = node.operator as string
  // Between the operands stand blanks, brackets of the operands and the operator, nothing else.
  const at = text.indexOf(operator, left.end)
  if (at < 0 || at >= right.start) return []
  return (OPERATORS[operator] ?? []).map((other) => [at, at + operator.length, other])
}

/** `!x` and `-x` become `x`. */
function dropOperator(node: Node): Change[] {
  const isSigned = node.operator === '!' || node.operator === '-'
  return isSigned ? [[node.start, (node.argument as Node).start, '']] : []
}

function changeLiteral(node: Node): Change[] {
  if ('regex' in node) return loosenPattern(node)
  const { value } = node
  if (typeof value === 'boolean') return [replace(node, String(!value))]
  if (typeof value === 'bigint') return [replace(node, `${value + 1n}n`)]
  if (typeof value === 'number') return [replace(node, String(value + 1))]
  if (typeof value === 'string') return [replace(node, value === '' ? "'mutant'" : "''")]
  return []
}

/** A pattern that no longer asks for the beginning or the end. */
function loosenPattern(node: Node): Change[] {
  const { pattern, flags } = node.regex as { pattern: string; flags: string }
  const looser = [pattern.replace(/^\^/, ''), pattern.replace(/\$$/, '')]
  return looser.filter((one) => one !== pattern).map((one) => replace(node, `/${one}/${flags}`))
}

/** Another method of its kind, or what it is called on, unfiltered. */
function changeCall(node: Node, text: string): Change[] {
  const callee = node.callee as Node
  if (callee.type !== 'MemberExpression') return []
  const property = callee.property as Node
  const object = callee.object as Node
  const name = property.name as string
  if (name === 'filter') return [replace(node, text.slice(object.start, object.end))]
  const other = METHODS[name]
  return other === undefined ? [] : [replace(property, other)]
}

/** What is compared or combined decides something; the rest is seen through its parts. */
function isBooleanReturn(node: Node): boolean {
  const argument = node.argument as Node | null
  if (argument?.type === 'LogicalExpression') return argument.operator !== '??'
  return (
    argument?.type === 'BinaryExpression' && /^([<>]=?|[!=]==)$/.test(argument.operator as string)
  )
}

function isCallOf(node: Node, names: ReadonlySet<string>): boolean {
  const callee = node.callee as Node | undefined
  return node.type === 'CallExpression' && names.has(callee?.name as string)
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && 'start' in value
}

function replace(node: Node, replacement: string): Change {
  return [node.start, node.end, replacement]
}
