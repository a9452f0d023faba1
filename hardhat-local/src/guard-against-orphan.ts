import { type ChildProcess, spawn } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'

const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/**
 * Ends the child when this process goes, however it goes. The exit listener covers `process.exit`
 * and uncaught errors. A signal or SIGKILL runs no listener, so a small shell waits on a pipe that
 * only this process holds open, and kills the child when the pipe closes. Returns the release of
 * the guard.
 */
export function guardAgainstOrphan(child: ChildProcess): () => void {
  running.add(child)
  if (child.pid === undefined || process.platform === 'win32') {
    return () => void running.delete(child)
  }
  const watchdog = spawn('sh', ['-c', 'read -r _; kill -9 "$0"', String(child.pid)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true, // Ctrl-C reaches a process group, and the watchdog must outlive it
  })
  watchdog.on('error', () => {}) // no shell: the exit listener remains
  watchdog.unref()
  unrefStream(watchdog.stdin)
  return () => {
    running.delete(child)
    // Killed before its pipe closes, or it would kill whoever has the child's number by then.
    watchdog.kill('SIGKILL')
  }
}

/** A pipe to a child keeps the event loop alive; its type does not say that it is a socket. */
export function unrefStream(stream: Readable | Writable | null) {
  if (stream !== null && 'unref' in stream && typeof stream.unref === 'function') stream.unref()
}
