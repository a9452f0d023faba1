/** A process of try-mutants.ts, and a new one where the last had to be ended. */
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Task, Verdict } from './try-mutants.ts'

export type TrialProcess = {
  try(task: Task): Promise<Verdict | 'timeout'>
  stop(): void
}

const PROGRAM = fileURLToPath(new URL('./try-mutants.ts', import.meta.url))
/** The tests of a file take a second or two; a loop without an end takes for ever. */
const TASK_MS = 60_000
const START_MS = 120_000
/** Enough to meet every rule of the tables; what needs ten thousand to be seen is seen by `npm test`. */
const PROPERTY_CASES = '200'

export function createTrialProcess(): TrialProcess {
  let child: ChildProcess | null = null
  const start = async () => {
    const started = fork(PROGRAM, {
      env: { ...process.env, PROPERTY_CASES, NODE_ENV: 'test' },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    if ((await nextMessage(started, START_MS)) !== 'ready')
      throw new Error('tests cannot be started')
    return started
  }
  const stop = () => {
    child?.kill('SIGKILL')
    child = null
  }
  return {
    async try(task) {
      child ??= await start()
      child.send(task)
      const verdict = await nextMessage(child, task.deadlineMs ?? TASK_MS)
      if (verdict === 'timeout') stop()
      return verdict as Verdict | 'timeout'
    },
    stop,
  }
}

/** Rejects when the process ends by itself: that is no verdict. */
function nextMessage(child: ChildProcess, deadlineMs: number): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => finish(() => resolve('timeout')), deadlineMs)
    const onExit = () => finish(() => reject(new Error('the process of the tests ended by itself')))
    const onMessage = (message: unknown) => finish(() => resolve(message))
    const finish = (settle: () => void) => {
      clearTimeout(timer)
      child.off('exit', onExit)
      child.off('message', onMessage)
      settle()
    }
    child.once('exit', onExit)
    child.once('message', onMessage)
  })
}
