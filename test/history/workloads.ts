/** Who works in a run, on which topics, and what must come of it. */
import type { AdminPort, ConsumerOptions } from '../../src/client/port.js'
import { Copier } from './copier.js'
import type { History } from './history.js'
import { Looker } from './looker.js'
import { Member } from './member.js'
import { PlainProducer } from './plain-producer.js'
import { Tail } from './tail.js'
import type { Surroundings, Worker } from './worker.js'
import { Writer } from './writer.js'

export interface Workload extends Pick<History, 'readers' | 'transforms'> {
  readonly topics: readonly string[]
  /** Write what others read; they end first. */
  readonly sources: readonly Worker[]
  /** Are let go on until the groups have read all. */
  readonly others: readonly Worker[]
}

export type MakeWorkload = (around: Surroundings, admin: AdminPort) => Workload

const PROTOCOLS: readonly (readonly [string, Partial<ConsumerOptions>])[] = [
  ['eager', { assignors: ['range'] }],
  ['cooperative', { assignors: ['cooperative-sticky'] }],
  ['consumer', { groupProtocol: 'consumer' }],
]

/** Idempotent producers, groups of each protocol that commit what they have read. */
export const idempotent: MakeWorkload = (around, admin) => {
  const topic = 'plain'
  const groups = PROTOCOLS.map(([name, options]) => ({ groupId: `group-${name}`, ...options }))
  return {
    topics: [topic],
    sources: [
      new PlainProducer('producer-a', topic, around),
      new PlainProducer('producer-b', topic, around),
      // gives some of its batches up
      new PlainProducer('producer-c', topic, around, 2_000),
    ],
    others: [
      ...groups.flatMap((options) =>
        [0, 1].map((i) => new Member(`${options.groupId}-${i}`, topic, options, around, admin)),
      ),
      new Tail('tail', topic, 'read_uncommitted', around),
      new Looker('looker', topic, around, admin),
    ],
    readers: groups.map(({ groupId }) => ({ group: groupId, topic, isolation: 'read_committed' })),
    transforms: [],
  }
}

/** Transactional producers beside a plain one; what they write is copied exactly once, under each protocol. */
export const transactional: MakeWorkload = (around, admin) => {
  const from = 'in'
  const copies = PROTOCOLS.map(([name, protocol]) => ({ from, to: `out-${name}`, group: `copy-${name}`, protocol }))
  return {
    topics: [from, ...copies.map(({ to }) => to)],
    sources: [
      new Writer('writer-a', from, around),
      new Writer('writer-b', from, around),
      new PlainProducer('producer', from, around),
    ],
    others: [
      ...copies.flatMap((copying) => [0, 1].map((i) => new Copier(`${copying.group}-${i}`, copying, around, admin))),
      new Tail('tail-all', from, 'read_uncommitted', around),
      new Tail('tail-committed', from, 'read_committed', around),
      new Looker('looker-in', from, around, admin),
      new Tail('tail-copies', copies[0]!.to, 'read_committed', around),
    ],
    readers: copies.map(({ group }) => ({ group, topic: from, isolation: 'read_committed' })),
    transforms: copies.map(({ to }) => ({ from, to })),
  }
}

/** One beside the other. */
export const both: MakeWorkload = (around, admin) => {
  const [a, b] = [idempotent(around, admin), transactional(around, admin)]
  return {
    topics: [...a.topics, ...b.topics],
    sources: [...a.sources, ...b.sources],
    others: [...a.others, ...b.others],
    readers: [...a.readers, ...b.readers],
    transforms: b.transforms,
  }
}
