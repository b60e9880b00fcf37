// Members of one group, of three makes, seen alike: what each has, what each has read, and an end in order.
import type { AdminPort, ConsumerHandler, ConsumerOptions, KafkaDriver } from '../../src/client/port.js'
import type { TopicPartition } from '../../src/model/index.js'
import { RecordingConsumer } from '../../src/testing/driver-contract/recording-consumer.js'
import { Running, home, root } from './commands.js'
import { runningJava } from './java.js'

export interface Read {
  readonly partition: number
  readonly offset: number
}

export interface GroupMember {
  readonly make: 'wire' | 'java' | 'librdkafka'
  has(): ReadonlySet<number>
  read(): readonly Read[]
  stop(): Promise<void>
}

/** What all members of a group are given, in each make's words. */
export interface Membership {
  readonly bootstrap: string
  readonly topic: string
  readonly groupId: string
  readonly wire: Partial<ConsumerOptions>
  readonly java: readonly string[]
  readonly librdkafka: readonly string[]
}

/** Begins where the group is, and commits what it has read before it lets go. */
export class WireMember extends RecordingConsumer {
  readonly has = new Set<number>()
  /** How many records there were when a partition came: those before are of an earlier turn at it. */
  private readonly since = new Map<number, number>()

  constructor(
    driver: KafkaDriver,
    private readonly admin: AdminPort,
    private readonly own: Partial<ConsumerOptions> & { readonly groupId: string },
  ) {
    super(driver, { consumer: own })
  }

  override onAssigned: ConsumerHandler['onAssigned'] = async (partitions, epoch) => {
    const committed = await this.admin.committedOffsets(this.own.groupId, partitions, { requireStable: true })
    for (const { partition } of partitions) {
      this.has.add(partition)
      this.since.set(partition, this.received.length)
    }
    await super.onAssigned(partitions, epoch) // wakes who waits for it
    return partitions.map((tp) => {
      const found = committed.find(({ partition }) => partition === tp.partition)
      return { ...tp, start: found?.offset ?? 0 }
    })
  }

  override async onRevoked(partitions: readonly TopicPartition[], deadlineMs: number): Promise<void> {
    const offsets = partitions.flatMap((tp) => {
      const since = this.since.get(tp.partition)!
      const last = this.received.findLast(({ partition }, at) => partition === tp.partition && at >= since)
      return last === undefined ? [] : [{ ...tp, offset: last.offset + 1 }]
    })
    const stable = this.states.findLast((state) => state.state === 'stable')
    await this.port.commit(offsets, stable!.epoch)
    for (const { partition } of partitions) this.has.delete(partition)
    await super.onRevoked(partitions, deadlineMs)
  }

  override onLost(partitions: readonly TopicPartition[]): void {
    super.onLost(partitions)
    for (const { partition } of partitions) this.has.delete(partition)
  }
}

export async function wireMember(driver: KafkaDriver, admin: AdminPort, as: Membership): Promise<GroupMember> {
  const member = new WireMember(driver, admin, { groupId: as.groupId, ...as.wire })
  await member.start({ topics: [as.topic] })
  return {
    make: 'wire',
    has: () => member.has,
    read: () => member.received,
    stop: () => member.port.close(5_000),
  }
}

/** What the programs of clients/ tell, an object a line. */
interface Line extends Partial<Read> {
  readonly assigned?: readonly number[]
  readonly revoked?: readonly number[]
}

function program(make: GroupMember['make'], running: Running): GroupMember {
  const lines = (): Line[] => running.lines.map((line) => JSON.parse(line) as Line)
  return {
    make,
    has() {
      const has = new Set<number>()
      for (const { assigned = [], revoked = [] } of lines()) {
        for (const partition of assigned) has.add(partition)
        for (const partition of revoked) has.delete(partition)
      }
      return has
    },
    read: () => lines().filter((line): line is Read => line.offset !== undefined),
    stop: () => running.end('SIGTERM'),
  }
}

export function javaMember({ bootstrap, topic, groupId, java }: Membership): GroupMember {
  return program('java', runningJava('Member', [bootstrap, topic, groupId, ...java]))
}

export function librdkafkaMember({ bootstrap, topic, groupId, librdkafka }: Membership): GroupMember {
  const script = `${root}test/interop/clients/python/member.py`
  const args = [script, bootstrap, topic, groupId, ...librdkafka]
  return program('librdkafka', new Running(`${home}/python/bin/python`, args))
}
