/** Preload of module-graph.test.ts: prints every module the process loaded, one a line, on stderr. */
import { registerHooks } from 'node:module'

const loaded = new Map()
registerHooks({
  resolve(specifier, context, next) {
    const resolved = next(specifier, context)
    loaded.set(`${context.parentURL ?? ''} ${resolved.url}`, true)
    return resolved
  },
})
process.on('exit', () => {
  for (const edge of loaded.keys()) process.stderr.write(`EDGE ${edge}\n`)
})
