import { defineConfig } from 'vitest/config'

// The full-size runs of what `npm test` does in slices; `npm run test:long -- soak` does one. A variable that is set
// already stays, e.g. KTS_SOAK_MINUTES=60.
const full = {
  KTS_FUZZ_FRAMES: '1000000',
  KTS_SOAK_MINUTES: '10',
  KTS_INTEROP_KILLS: '50',
  KTS_STREAMS_KILLS: '30',
  KTS_HISTORY_FAULTS: '200',
  KTS_HISTORY_ERRORS: '100',
  KTS_RECONNECTS: '10000',
}

export default defineConfig({
  resolve: { conditions: ['kts-source'] },
  ssr: { resolve: { conditions: ['kts-source'] } },
  test: {
    include: ['test/long/*.test.ts', 'test/interop/cases/{crash,streams,transaction-copier}.test.ts'],
    env: Object.fromEntries(Object.entries(full).map(([name, size]) => [name, process.env[name] ?? size])),
    fileParallelism: false,
    hookTimeout: 60_000,
    // memory is looked at after a collection
    execArgv: ['--expose-gc'],
    reporters: ['verbose'],
  },
})
