// Java's VerifiableConsumer as a member of a group: what it says, taken apart.
import { type Running, runningTool } from './commands.js'

export interface ConsumerEvent {
  readonly name: string
  readonly count?: number
  readonly partitions?: readonly { readonly partition: number }[]
}

/** A member of the group that has the topic's name. */
export function verifiableConsumer(bootstrap: string, topic: string, args = '--group-protocol consumer'): Running {
  return runningTool(
    'kafka-verifiable-consumer',
    `--bootstrap-server ${bootstrap} --topic ${topic} --group-id ${topic} --reset-policy earliest ${args}`,
  )
}

export const eventsOf = (consumer: Running): readonly ConsumerEvent[] =>
  consumer.lines.map((line) => JSON.parse(line) as ConsumerEvent)

export const consumedBy = (consumer: Running): number =>
  eventsOf(consumer)
    .filter((event) => event.name === 'records_consumed')
    .reduce((sum, event) => sum + (event.count ?? 0), 0)

/** What a member has by now: assignments add here, where those of an eager classic group replace. */
export function ownedBy(consumer: Running): readonly number[] {
  const has = new Set<number>()
  for (const { name, partitions = [] } of eventsOf(consumer)) {
    if (name === 'partitions_assigned') for (const { partition } of partitions) has.add(partition)
    if (name === 'partitions_revoked') for (const { partition } of partitions) has.delete(partition)
  }
  return [...has].sort((a, b) => a - b)
}

/** Waits until the members have as many partitions as said, no partition two of them. */
export async function shares(members: readonly Running[], ...counts: readonly number[]): Promise<void> {
  const [first] = members
  const poll = setInterval(() => first?.wake(), 100)
  try {
    await first?.until(`${counts.join(', ')} partitions`, () => {
      const all = members.map(ownedBy)
      const sizes = all.map((partitions) => partitions.length).sort((a, b) => a - b)
      return sizes.join() === counts.join() && new Set(all.flat()).size === all.flat().length
    })
  } finally {
    clearInterval(poll)
  }
}
