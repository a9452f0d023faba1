/** Preload of recover.test.ts: each process prints what it loaded and read, at its end, on stderr. */
import { registerHooks } from 'node:module'
import process from 'node:process'

const loaded = new Set()
registerHooks({
  resolve(specifier, context, next) {
    const resolved = next(specifier, context)
    loaded.add(resolved.url)
    return resolved
  },
})
process.on('exit', () => {
  const note = {
    args: process.argv.slice(1),
    readBytes: process.stdin.bytesRead ?? 0,
    modules: [...loaded],
  }
  process.stderr.write(`NOTE ${JSON.stringify(note)}\n`)
})
