import { defineConfig } from 'vitest/config'

// Programs that no one here wrote, against a broker: one file at a time, since each starts brokers and JVMs of its own.
export default defineConfig({
  test: {
    include: ['test/interop/cases/*.test.ts', 'test/differential/*.test.ts'],
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 60_000,
    reporters: ['verbose', ['json', { outputFile: '.interop/report/interop.json' }]],
  },
})
