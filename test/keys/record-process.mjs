/** Preload of recover.test.ts: each process leaves a note of what it loaded and read, at its end. */
import { writeFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { join } from 'node:path'
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
  writeFileSync(join(process.env.NOTES_FOLDER, `${process.pid}.json`), JSON.stringify(note))
})
