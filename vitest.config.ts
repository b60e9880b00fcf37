import { defineConfig } from 'vitest/config'

// `kts-source` is the export condition under which the package's own name resolves to src: samples and tests
// import `kts-kafka` as users do, and run what is in the tree.
export default defineConfig({
  resolve: { conditions: ['kts-source'] },
  ssr: { resolve: { conditions: ['kts-source'] } },
  test: {
    include: [
      'src/**/*.test.ts',
      'samples/**/*.test.ts',
      'test/*.test.ts',
      'test/history/*.test.ts',
      'test/long/*.test.ts',
      'test/packaging/*.test.ts',
    ],
    testTimeout: 15_000,
    hookTimeout: 20_000,
    restoreMocks: true,
  },
})
