/**
 * For `node --import`: a process that kills itself (SIGKILL) where an answer would begin to leave,
 * when the request asks for it. Everything before, the commit included, has happened; not one byte
 * of the answer has.
 */
import { ServerResponse } from 'node:http'
import process from 'node:process'

/** Also named in the test: importing this file would arm the test's own process. */
const DIE_HEADER = 'x-die-before-answer'

const { end } = ServerResponse.prototype

ServerResponse.prototype.end = function dieOrEnd(this: ServerResponse, ...parameters: unknown[]) {
  if (this.req.headers[DIE_HEADER] !== undefined) process.kill(process.pid, 'SIGKILL')
  return Reflect.apply(end, this, parameters)
} as typeof end
