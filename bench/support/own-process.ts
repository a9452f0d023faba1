/** Processes of a benchmark. None outlives the benchmark, however that ends. */
import { type ChildProcess, fork, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import process from 'node:process'

/** A script of ours in a process of its own that answers one message at a time. */
export type Part = {
  readonly pid: number
  /** Sends a message and resolves with the answer. */
  ask<Answer>(message: unknown): Promise<Answer>
  stop(): Promise<void>
}

/** Starts a script that calls `answerParent`, with options of Node where it is held beside the gateway. */
export function startPart(script: URL, flags: readonly string[] = []): Part {
  const child = fork(script, { serialization: 'advanced', execArgv: [...flags] })
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const pid = child.pid
  if (pid === undefined) throw new Error(`${script.pathname} could not be started`)
  return {
    pid,
    ask: <Answer>(message: unknown) =>
      new Promise<Answer>((resolve, reject) => {
        const fail = () => reject(new Error(`${script.pathname} ended`))
        child.once('exit', fail)
        child.once('message', (answer: { value?: Answer; error?: string }) => {
          child.off('exit', fail)
          if (answer.error === undefined) resolve(answer.value as Answer)
          else reject(new Error(answer.error))
        })
        child.send(message as object)
      }),
    async stop() {
      if (child.connected) child.disconnect()
      await exited
    },
  }
}

/** The other side of `startPart`. The process ends with its parent. */
export function answerParent<Message>(answer: (message: Message) => unknown): void {
  process.on('disconnect', () => process.exit(0))
  process.on('message', async (message: Message) => {
    try {
      process.send?.({ value: await answer(message) })
    } catch (error) {
      process.send?.({ error: error instanceof Error ? error.stack : String(error) })
    }
  })
}

const guarded = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of guarded) child.kill('SIGKILL')
})

/**
 * Ends a foreign program with this process. The exit listener covers what ends in order; for
 * signals a shell waits on a pipe that only this process holds open.
 */
export function guardProcess(child: ChildProcess): void {
  guarded.add(child)
  const watchdog = spawn('sh', ['-c', 'read -r _; kill -9 "$0"', String(child.pid)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  })
  watchdog.on('error', () => {})
  watchdog.unref()
  child.once('exit', () => {
    guarded.delete(child)
    watchdog.kill('SIGKILL')
  })
}

export type Memory = { readonly nowMb: number; readonly peakMb: number }

/** Resident memory of a process; null where there is no /proc. */
export function readMemory(pid: number): Memory | null {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    const read = (name: string) =>
      Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) / 1024
    return { nowMb: read('VmRSS'), peakMb: read('VmHWM') }
  } catch {
    return null
  }
}

/** CPU time of a process so far in ms, in steps of 10; 0 where there is no /proc. */
export function readCpuMs(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // After the name, which may hold blanks: state is the first field, user time the twelfth.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return (Number(fields[11]) + Number(fields[12])) * 10
  } catch {
    return 0
  }
}

/** Wall clock with fractions of a millisecond, comparable between processes of one machine. */
export function wallMs(): number {
  return performance.timeOrigin + performance.now()
}
