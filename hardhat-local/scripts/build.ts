// Usage: npm run build --prefix hardhat-local (compiles contracts/ and rewrites abi/)
// Needs `npm ci --prefix hardhat-local` once.
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CONTRACT_NAMES, type ContractArtifact } from '../src/artifacts.ts'

const packageDir = fileURLToPath(new URL('..', import.meta.url))

/**
 * Compiles all contracts with Hardhat and returns what `abi/` should hold. Hardhat writes to a
 * directory of its own, so two compilations at the same time do not meet and no cache can hide a
 * difference.
 */
export async function compileArtifacts(): Promise<ContractArtifact[]> {
  const outputDir = await mkdtemp(join(tmpdir(), 'quittance-hardhat-'))
  try {
    await runHardhat(outputDir)
    return await Promise.all(
      CONTRACT_NAMES.map(async (contractName) => {
        const file = join(
          outputDir,
          'artifacts',
          'contracts',
          `${contractName}.sol`,
          `${contractName}.json`,
        )
        const { abi, bytecode } = JSON.parse(await readFile(file, 'utf8'))
        return { contractName, abi, bytecode }
      }),
    )
  } finally {
    await rm(outputDir, { recursive: true, force: true })
  }
}

/** The text of an artefact file, laid out as the formatter would. */
export function renderArtifact({ contractName, abi, bytecode }: ContractArtifact): string {
  return `${JSON.stringify({ contractName, abi, bytecode }, undefined, 2)}\n`
}

function runHardhat(outputDir: string): Promise<void> {
  const cli = join(packageDir, 'node_modules', 'hardhat', 'dist', 'src', 'cli.js')
  const hardhat = spawn(process.execPath, [cli, 'build', '--force'], {
    cwd: packageDir,
    env: {
      ...process.env,
      HARDHAT_DISABLE_TELEMETRY_PROMPT: 'true',
      QUITTANCE_HARDHAT_OUTPUT: outputDir,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [hardhat.stdout, hardhat.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk
    })
  }
  return new Promise((resolve, reject) => {
    hardhat.once('error', reject)
    hardhat.once('close', (code) => {
      if (code === 0) resolve()
      else reject(new Error(`hardhat build failed with exit code ${code}:\n${output}`))
    })
  })
}

if (import.meta.main) {
  for (const artifact of await compileArtifacts()) {
    const file = join(packageDir, 'abi', `${artifact.contractName}.json`)
    await writeFile(file, renderArtifact(artifact))
  }
}
