import { createRequire } from 'node:module'
import { defineConfig } from 'hardhat/config'

const require = createRequire(import.meta.url)

/**
 * The compiler is the npm package, so nothing is downloaded. No metadata is appended to the
 * bytecode: it would carry a hash of source paths, and committed artefacts must not depend on where
 * they were built.
 */
export default defineConfig({
  solidity: {
    version: '0.8.37',
    path: require.resolve('solc/soljson.js'),
    settings: {
      optimizer: { enabled: true, runs: 200 },
      evmVersion: 'prague',
      metadata: { appendCBOR: false, bytecodeHash: 'none' },
    },
  },
  paths: {
    artifacts: process.env.QUITTANCE_HARDHAT_OUTPUT
      ? `${process.env.QUITTANCE_HARDHAT_OUTPUT}/artifacts`
      : './artifacts',
    cache: process.env.QUITTANCE_HARDHAT_OUTPUT
      ? `${process.env.QUITTANCE_HARDHAT_OUTPUT}/cache`
      : './cache',
  },
})
