/**
 * What every driver behind the port must do, as a suite that any test runner can run:
 *
 * ```ts
 * describeDriverContract(vitest, 'mine on Kafka', { createDriver: () => myDriver({ bootstrapServers }) })
 * ```
 *
 * Everything is seen from outside: no case knows how a driver works. Cases that need what a driver or harness says that it
 * has not are skipped, by that and nothing else.
 */
import type { KafkaDriver } from '../client/port.js'
import { administeringContract } from './driver-contract/administering.js'
import { consumingContract } from './driver-contract/consuming.js'
import { CASE_TIMEOUT_MS, type Contract, type DriverContractHarness, type TestApi } from './driver-contract/harness.js'
import { membershipContract } from './driver-contract/membership.js'
import { producingContract } from './driver-contract/producing.js'
import { rebalancingContract } from './driver-contract/rebalancing.js'
import { recoveringContract } from './driver-contract/recovering.js'
import { transactingContract } from './driver-contract/transacting.js'

export type { DriverContractHarness, TestApi } from './driver-contract/harness.js'

export function describeDriverContract(test: TestApi, name: string, harness: DriverContractHarness): void {
  const { describe, it, beforeAll, afterAll, expect } = test
  describe(`driver contract: ${name}`, () => {
    let shared: KafkaDriver | undefined
    const driver = (): KafkaDriver => (shared ??= harness.createDriver())
    beforeAll(async () => harness.start?.(), CASE_TIMEOUT_MS)
    afterAll(async () => {
      await shared?.close()
      await harness.stop?.()
    }, CASE_TIMEOUT_MS)
    const contract: Contract = { describe, it, beforeAll, afterAll, expect, harness, driver }
    producingContract(contract)
    consumingContract(contract)
    rebalancingContract(contract)
    membershipContract(contract)
    transactingContract(contract)
    recoveringContract(contract)
    administeringContract(contract)
  })
}
