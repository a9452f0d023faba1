/** The container files and the unit file against the code: they are not run by any test. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readManifest } from '../../scripts/package/runtime-lock.ts'
import { ROOT } from '../../scripts/run-command.ts'
import { readText, section } from '../docs/read-docs.ts'
import { SERVER_FLAGS } from '../support/gateway-process.ts'

const read = (name: string) => readFileSync(join(ROOT, name), 'utf8')
const dockerfile = read('Dockerfile')
const compose = read('compose.yaml')

/** Instructions of the last stage, comments and continuation lines joined. */
function lastStage(): string[] {
  const text = dockerfile.replace(/^#.*\n/gm, '').replaceAll('\\\n', '')
  return text.slice(text.lastIndexOf('\nFROM ')).trim().split('\n')
}

describe('the image', () => {
  const stage = lastStage()
  const instruction = (name: string) =>
    stage.filter((line) => line.startsWith(`${name} `)).map((line) => line.slice(name.length + 1))

  test('runs as a user without rights, named before what it starts', () => {
    expect(instruction('USER')).toEqual(['node'])
    const names = stage.map((line) => line.split(' ')[0])
    expect(names.indexOf('USER')).toBeLessThan(names.indexOf('ENTRYPOINT'))
    expect(names.slice(names.indexOf('USER'))).not.toContain('RUN')
  })

  test('installs what the lock file says, without scripts and without development', () => {
    const [install = ''] = dockerfile.split('\n').filter((line) => line.includes('npm '))
    expect(install).toContain('npm ci')
    expect(install).toContain('--ignore-scripts')
    expect(install).toContain('--omit=dev')
    expect(dockerfile).toMatch(/COPY package.json package-lock.json .npmrc/)
  })

  test('has a Node that the project allows, and asks /healthz whether it lives', () => {
    const bases = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map((one) => one[1] as string)
    expect(new Set(bases).size).toBe(1)
    expect(bases[0]).toMatch(/^node:24-/)
    const [check = ''] = instruction('HEALTHCHECK')
    const [, command = '[]'] = check.split('CMD ')
    expect(JSON.parse(command)[2]).toContain("fetch('http://127.0.0.1:8080/healthz')")
  })

  test('sets variables that the configuration knows', () => {
    const known = readText('docs/configuration.md')
    const named = [dockerfile, compose].flatMap((text) => text.match(/QUITTANCE_[A-Z_]+/g) ?? [])
    expect(named.length).toBeGreaterThan(5)
    const unknown = named.filter((name) => !known.includes(name))
    expect(unknown).toEqual([])
  })
})

test('the service is fenced in', () => {
  for (const line of [
    'read_only: true',
    'no-new-privileges:true',
    '- ALL',
    '127.0.0.1:8080:8080',
  ]) {
    expect(compose).toContain(line)
  }
  // Whoever reads it is not to believe that there is a store which is not there.
  const services = compose.replace(/^#.*\n?/gm, '')
  expect(services).not.toContain('postgres')
})

test('image, unit file and npm start run the gateway with the flags that the tests run it with', () => {
  const scripts = readManifest().scripts as Record<string, string>
  const unit = section(readText('docs/operating/deploy.md'), 'systemd')
  for (const text of [dockerfile, unit, scripts.start]) {
    for (const flag of SERVER_FLAGS) expect(text).toContain(flag)
  }
})
