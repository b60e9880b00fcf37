// How a connection logs in, and how not: the same frames to Apache Kafka and to kts-server, with no difference allowed.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { framePrefix } from '../../src/net/index.js'
import { messages, type Api, type Draft, type Shape } from './protocol.js'
import { type Target, startTarget } from '../interop/target.js'
import { Normaliser } from './normalise.js'
import { Connection } from './peer.js'

const { apiVersions, saslHandshake, saslAuthenticate, metadata } = messages
const PLAIN = 'org.apache.kafka.common.security.plain.PlainLoginModule required'

const settings = {
  'listener.security.protocol.map': 'PLAINTEXT:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT',
  'listener.name.plaintext.plain.sasl.jaas.config': `${PLAIN} username="admin" password="admin-secret" user_admin="admin-secret" user_alice="alice-secret";`,
  'sasl.enabled.mechanisms': 'PLAIN',
  'sasl.mechanism.inter.broker.protocol': 'PLAIN',
  'inter.broker.listener.name': 'PLAINTEXT',
  'connections.max.reauth.ms': '3600000',
}

/** A connection, and what came of everything on it. */
class Visit {
  readonly outcomes: unknown[] = []
  private readonly normaliser = new Normaliser('no such folder', 'no such prefix')

  constructor(private readonly connection: Connection) {}

  async ask<Req extends Shape, Res extends Shape>(
    api: Api<Req, Res>,
    version: number,
    draft: Draft<Req>,
  ): Promise<void> {
    this.keep(await this.connection.ask(api, version, draft))
  }

  handshake(mechanism = 'PLAIN', version = 1): Promise<void> {
    return this.ask(saslHandshake, version, { mechanism })
  }

  token(user = 'alice', password = `${user}-secret`, version = 2): Promise<void> {
    return this.ask(saslAuthenticate, version, { authBytes: Buffer.from(`\0${user}\0${password}`) })
  }

  versions(version = 4): Promise<void> {
    return this.ask(apiVersions, version, { clientSoftwareName: 'login', clientSoftwareVersion: '1' })
  }

  topics(): Promise<void> {
    return this.ask(metadata, 12, { topics: [] })
  }

  async bytes(body: Buffer): Promise<void> {
    this.connection.write([framePrefix([body]), body])
    const outcome = await this.connection.next()
    this.keep(typeof outcome === 'string' ? outcome : { bytes: outcome.frame.length })
  }

  /** Whether it is closed, now or in a moment. */
  async end(): Promise<void> {
    this.keep(await this.connection.next(1_000))
    await this.connection.close()
  }

  private keep(answer: unknown): void {
    const shown = this.normaliser.normalise(answer) as Record<string, unknown>
    if (typeof shown !== 'object') this.outcomes.push(shown)
    else {
      const { errorCode, mechanisms, errorMessage, sessionLifetimeMs, bytes } = shown
      const lifetime = sessionLifetimeMs === undefined ? undefined : Number(sessionLifetimeMs) > 0
      this.outcomes.push(JSON.stringify({ errorCode, mechanisms, errorMessage, lifetime, bytes }))
    }
  }
}

const visits: Readonly<Record<string, (visit: Visit) => Promise<void>>> = {
  'versions, the mechanism, the password, and work': async (visit) => {
    for (const version of [0, 2, 3, 4]) await visit.versions(version)
    await visit.handshake()
    await visit.token()
    await visit.topics()
  },
  'tokens of each version': async (visit) => {
    await visit.handshake()
    await visit.token('alice', 'alice-secret', 0)
    await visit.topics()
  },
  'a version of the future': async (visit) => {
    await visit.versions(0)
    await visit.versions(4)
  },
  'a bare token, as before KIP-152': async (visit) => {
    await visit.handshake('PLAIN', 0)
    await visit.bytes(Buffer.from('\0alice\0alice-secret'))
    await visit.topics()
  },
  'a bare token that is wrong': async (visit) => {
    await visit.handshake('PLAIN', 0)
    await visit.bytes(Buffer.from('\0alice\0guess'))
  },
  'a mechanism that is not enabled': async (visit) => {
    await visit.handshake('GSSAPI')
    await visit.handshake()
  },
  'a wrong password': async (visit) => {
    await visit.handshake()
    await visit.token('alice', 'guess')
  },
  nobody: async (visit) => {
    await visit.handshake()
    await visit.token('nobody')
  },
  'a token that is none': async (visit) => {
    await visit.handshake()
    await visit.ask(saslAuthenticate, 2, { authBytes: Buffer.from('x') })
  },
  'work before all': (visit) => visit.topics(),
  'work after the handshake': async (visit) => {
    await visit.handshake()
    await visit.topics()
  },
  'versions after the handshake': async (visit) => {
    await visit.handshake()
    await visit.versions()
  },
  'the handshake twice': async (visit) => {
    await visit.handshake()
    await visit.handshake()
  },
  'a token first': (visit) => visit.token(),
  'a large frame': (visit) => visit.bytes(Buffer.alloc(600_000)),
  'what is no request': (visit) => visit.bytes(Buffer.from('GET / HTTP/1.1\r\n\r\n')),
  'the same user again': async (visit) => {
    await visit.handshake()
    await visit.token()
    await visit.handshake()
    await visit.token()
    await visit.topics()
  },
  'another user again': async (visit) => {
    await visit.handshake()
    await visit.token()
    await visit.handshake()
    await visit.token('admin')
    await visit.topics()
  },
  'a wrong password again': async (visit) => {
    await visit.handshake()
    await visit.token()
    await visit.handshake()
    await visit.token('alice', 'guess')
    await visit.topics()
  },
  'a token again without a handshake': async (visit) => {
    await visit.handshake()
    await visit.token()
    await visit.token()
  },
  'work between': async (visit) => {
    await visit.handshake()
    await visit.token()
    await visit.handshake()
    await visit.topics()
  },
}

let kafka: Target
let kts: Target
beforeAll(async () => {
  ;[kafka, kts] = await Promise.all([startTarget(settings, 'kafka'), startTarget(settings, 'kts')])
})
afterAll(() => Promise.all([kafka?.stop(), kts?.stop()]))

async function outcomes(target: Target, run: (visit: Visit) => Promise<void>): Promise<unknown[]> {
  const visit = new Visit(await Connection.open(target.bootstrap))
  await run(visit)
  await visit.end()
  return visit.outcomes
}

describe('logging in', () => {
  for (const [name, run] of Object.entries(visits)) {
    test(name, async () => {
      const [ours, theirs] = await Promise.all([outcomes(kts, run), outcomes(kafka, run)])
      expect(ours).toEqual(theirs)
    })
  }
})
