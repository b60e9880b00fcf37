import * as vitest from 'vitest'
import { sleep, wallClock } from '../../base/clock.js'
import { describeDriverContract } from '../driver-contract.js'
import { MEMORY_CAPABILITIES, MemoryCluster, memoryDriver } from './index.js'

const cluster = new MemoryCluster()

describeDriverContract(vitest, 'memory', {
  capabilities: MEMORY_CAPABILITIES,
  minSessionTimeoutMs: 0,
  createDriver: () => memoryDriver(cluster),
  restart: async () => {
    cluster.stop()
    await sleep(wallClock(), 20)
    cluster.start()
  },
})
