// Who may do what: the same rules and the same requests on Apache Kafka and on kts-server, with no difference allowed.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as messages from '../../src/protocol/messages/index.js'
import { type Target, startTarget } from '../interop/target.js'
import { asAcl, grantSets, requests, skeleton } from './access.js'
import { Connection } from './peer.js'

const PLAIN = 'org.apache.kafka.common.security.plain.PlainLoginModule required'
const users = 'username="admin" password="admin-secret" user_admin="admin-secret" user_alice="alice-secret"'

const settings = {
  'listener.security.protocol.map': 'PLAINTEXT:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT',
  'listener.name.plaintext.plain.sasl.jaas.config': `${PLAIN} ${users};`,
  'sasl.enabled.mechanisms': 'PLAIN',
  'sasl.mechanism.inter.broker.protocol': 'PLAIN',
  'inter.broker.listener.name': 'PLAINTEXT',
  'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
  'super.users': 'User:admin;User:ANONYMOUS',
  'offsets.topic.num.partitions': '1',
  'transaction.state.log.num.partitions': '1',
}

async function logIn(address: string, user: string): Promise<Connection> {
  const connection = await Connection.open(address)
  await connection.ask(messages.saslHandshake, 1, { mechanism: 'PLAIN' })
  const authBytes = Buffer.from(`\0${user}\0${user}-secret`)
  const answer = await connection.ask(messages.saslAuthenticate, 2, { authBytes })
  if (typeof answer === 'string' || answer.errorCode !== 0) throw new Error(`${user} can't log in at ${address}`)
  return connection
}

/** One broker, seen by its administrator and by alice, who gets rules set after set. */
class Side {
  private constructor(
    private readonly target: Target,
    private readonly admin: Connection,
  ) {}

  static async open(target: Target): Promise<Side> {
    const side = new Side(target, await logIn(target.bootstrap, 'admin'))
    await side.makeTopics()
    for (const [keyType, key] of ['g1', 'tx1'].entries()) {
      await side.until(async () => {
        const asked = { key: '', keyType, coordinatorKeys: [key] }
        const found = await side.admin.ask(messages.findCoordinator, 5, asked)
        return typeof found !== 'string' && found.coordinators?.[0]?.errorCode === 0
      })
    }
    await side.until(async () => {
      const given = await side.admin.ask(messages.initProducerId, 4, {
        transactionalId: 'tx1',
        transactionTimeoutMs: 1e3,
        enable2Pc: false,
        keepPreparedTxn: false,
      })
      return typeof given !== 'string' && given.errorCode === 0
    })
    return side
  }

  private async until(done: () => Promise<boolean>): Promise<void> {
    for (let tries = 0; !(await done()); tries++) {
      if (tries === 100) throw new Error(`${this.target.name} does not get ready`)
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }

  private async makeTopics(): Promise<void> {
    const topics = ['t1', 't2'].map((name) => ({
      name,
      numPartitions: 1,
      replicationFactor: 1,
      assignments: [],
      configs: [],
    }))
    await this.until(async () => {
      await this.admin.ask(messages.createTopics, 7, { topics, validateOnly: false })
      const { size } = await this.topicIds()
      return size === 2
    })
  }

  private async topicIds(): Promise<ReadonlyMap<string, string>> {
    const named = ['t1', 't2'].map((name) => ({ name, topicId: 'AAAAAAAAAAAAAAAAAAAAAA' }))
    const answer = await this.admin.ask(messages.metadata, 12, {
      topics: named,
      allowAutoTopicCreation: false,
      includeTopicAuthorizedOperations: false,
    })
    if (typeof answer === 'string') throw new Error(`Metadata: ${answer}`)
    const ready = answer.topics.filter(({ errorCode, partitions }) => errorCode === 0 && partitions[0]?.leaderId === 1)
    return new Map(ready.map(({ name, topicId }) => [name!, topicId]))
  }

  /** What alice is answered under these rules, by request. */
  async answers(round: number): Promise<Record<string, unknown>> {
    await this.makeTopics()
    const anything = { resourceTypeFilter: 1, resourceNameFilter: null, patternTypeFilter: 1, principalFilter: null }
    await this.admin.ask(messages.deleteAcls, 3, {
      filters: [{ ...anything, hostFilter: null, operation: 1, permissionType: 1 }],
    })
    // Kafka answers before its broker knows: what it describes is what it goes by
    await this.untilRules(0)
    const creations = grantSets[round]![1].map(asAcl)
    await this.admin.ask(messages.createAcls, 3, { creations })
    await this.untilRules(new Set(creations.map((creation) => JSON.stringify(creation))).size)
    const served = await this.served()
    const out: Record<string, unknown> = {}
    const alice = await logIn(this.target.bootstrap, 'alice')
    for (const { what, api, version, body } of requests(await this.topicIds(), round)) {
      if (!served.has(api.key)) continue
      const answer = await alice.ask(api, version, body)
      out[what] = typeof answer === 'string' ? answer : skeleton(answer, what)
    }
    await alice.close()
    return out
  }

  private untilRules(count: number): Promise<void> {
    const anything = { resourceTypeFilter: 1, resourceNameFilter: null, patternTypeFilter: 1, principalFilter: null }
    return this.until(async () => {
      const filter = { ...anything, hostFilter: null, operation: 1, permissionType: 1 }
      const answer = await this.admin.ask(messages.describeAcls, 3, filter)
      if (typeof answer === 'string') throw new Error(`DescribeAcls: ${answer}`)
      return answer.resources.reduce((sum, { acls }) => sum + acls.length, 0) === count
    })
  }

  private async served(): Promise<ReadonlySet<number>> {
    const answer = await this.admin.ask(messages.apiVersions, 3, {
      clientSoftwareName: 'x',
      clientSoftwareVersion: '1',
    })
    if (typeof answer === 'string') throw new Error(`ApiVersions: ${answer}`)
    return new Set(answer.apiKeys.map(({ apiKey }) => apiKey))
  }

  async close(): Promise<void> {
    await this.admin.close()
  }
}

let targets: Target[] = []
let kafka: Side
let kts: Side

beforeAll(async () => {
  targets = await Promise.all([startTarget(settings, 'kafka'), startTarget(settings, 'kts')])
  ;[kafka, kts] = (await Promise.all(targets.map((target) => Side.open(target)))) as [Side, Side]
})
afterAll(async () => {
  await Promise.all([kafka?.close(), kts?.close()])
  await Promise.all(targets.map((target) => target.stop()))
})

describe('what alice may do, who is granted', () => {
  grantSets.forEach(([what], round) => {
    test(what, async () => {
      const [theirs, ours] = await Promise.all([kafka.answers(round), kts.answers(round)])
      const differences = Object.keys(ours)
        .filter((name) => JSON.stringify(ours[name]) !== JSON.stringify(theirs[name]))
        .map((name) => `${name}: Kafka ${JSON.stringify(theirs[name])}, ours ${JSON.stringify(ours[name])}`)
      expect(differences).toEqual([])
    })
  })
})
