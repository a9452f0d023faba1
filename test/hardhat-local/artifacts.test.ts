import { readdir, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, test } from 'vitest'
import { compileArtifacts, renderArtifact } from '../../hardhat-local/scripts/build.ts'
import { CONTRACT_NAMES } from '../../hardhat-local/src/artifacts.ts'
import { installHardhat } from '../../hardhat-local/src/install-hardhat.ts'

const packageDir = fileURLToPath(new URL('../../hardhat-local', import.meta.url))

const INSTALL_TIMEOUT_MS = 120_000
const COMPILE_TIMEOUT_MS = 60_000

describe('committed artefacts', () => {
  beforeAll(installHardhat, INSTALL_TIMEOUT_MS)

  test('equal a fresh compilation', { timeout: COMPILE_TIMEOUT_MS }, async () => {
    for (const artifact of await compileArtifacts()) {
      const committed = await readFile(`${packageDir}/abi/${artifact.contractName}.json`, 'utf8')
      expect(committed, `${artifact.contractName}: npm run build`).toBe(renderArtifact(artifact))
    }
  })

  test('are there for each contract and for nothing else', async () => {
    const committed = await readdir(`${packageDir}/abi`)
    const sources = await readdir(`${packageDir}/contracts`)
    expect(committed.sort()).toEqual(CONTRACT_NAMES.map((name) => `${name}.json`))
    expect(sources.sort()).toEqual(CONTRACT_NAMES.map((name) => `${name}.sol`))
  })
})
