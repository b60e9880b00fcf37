import type { AdminPort } from '../../client/port.js'
import { CASE_TIMEOUT_MS, unique, type Contract } from './harness.js'
import { RecordingConsumer } from './recording-consumer.js'

/** Kinds of members that not every driver has. */
export function membershipContract(contract: Contract): void {
  const { describe, it, beforeAll, afterAll, expect, driver, harness } = contract
  const { staticMembership, consumerGroupProtocol, manualAssignment } = harness.capabilities

  describe('membership', () => {
    let admin: AdminPort
    const newTopic = async (partitions: number): Promise<string> => {
      const name = unique('member')
      await admin.createTopics([{ name, partitions, replicationFactor: 1, configs: {} }], 10_000)
      return name
    }
    beforeAll(async () => {
      admin = driver().admin()
      await admin.connect()
    }, CASE_TIMEOUT_MS)
    afterAll(async () => admin.close())
    ;(staticMembership ? it : it.skip)('a static member comes back to what it had, and nobody notices', async () => {
      const topic = await newTopic(2)
      const groupId = unique('group')
      const member = (groupInstanceId: string): Promise<RecordingConsumer> =>
        new RecordingConsumer(driver(), { consumer: { groupId, groupInstanceId } }).start({ topics: [topic] })
      const stays = await member('stays')
      const goes = await member('goes')
      await goes.until('its share', () => goes.assigned.length === 1)
      await stays.until('its share', () => stays.assigned.length === 1)
      const { events } = stays
      const seen = events.length
      const had = goes.assigned
      await goes.port.close(2_000)
      const back = await member('goes')
      await back.until('what it had', () => back.assigned.length === 1)
      expect(back.assigned).toEqual(had)
      expect(events.slice(seen)).toEqual([])
      expect(back.port.groupMetadata()?.groupInstanceId).toBe('goes')
      await Promise.all([stays.port.close(2_000), back.port.close(2_000)])
    })
    ;(consumerGroupProtocol ? it : it.skip)("the 'consumer' protocol deals by the assignor asked for", async () => {
      const topic = await newTopic(4)
      const groupId = unique('group')
      const member = (): Promise<RecordingConsumer> =>
        new RecordingConsumer(driver(), {
          consumer: { groupId, groupProtocol: 'consumer', remoteAssignor: 'range' },
        }).start({ topics: [topic] })
      const one = await member()
      const two = await member()
      const shares = (): number[] => [one.assigned, two.assigned].map((own) => own.length)
      await two.until('half of it', () => two.assigned.length === 2)
      expect(shares()[1]).toBe(2)
      const [a, b] = two.assigned.map(({ partition }) => partition).toSorted((x, y) => x - y)
      expect(b! - a!).toBe(1) // neighbours: by range
      await Promise.all([one.port.close(2_000), two.port.close(2_000)])
    })
    ;(manualAssignment ? it : it.skip)('partitions by hand need no group', async () => {
      const topic = await newTopic(1)
      const consumer = new RecordingConsumer(driver(), { consumer: { groupId: '' } })
      await consumer.start({ partitions: [{ topic, partition: 0 }] })
      await consumer.until('the partition', () => consumer.assigned.length === 1)
      expect(consumer.port.groupMetadata()).toBe(undefined)
      await consumer.port.close(2_000)
    })
  })
}
