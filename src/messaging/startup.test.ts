import { describe, expect, it } from 'vitest'
import { memoryApp, produce, settle, until } from '../../test/messaging/memory-app.js'
import { DriverError } from '../client/port.js'
import type { KafkaDriver } from '../client/port.js'
import { MemoryCluster, memoryDriver } from '../testing/memory-driver/index.js'
import { virtualClock } from '../base/clock.js'
import { json, string, topic } from '../index.js'

const Words = topic('words', { value: string(), partitions: 2 })
const p0 = { topic: 'words', partition: 0 }

const downCluster = (): MemoryCluster => {
  const cluster = new MemoryCluster({ clock: virtualClock() })
  cluster.stop()
  return cluster
}

describe('starting with a broker that is down', () => {
  it("'wait' waits, tells so once, and goes on by itself", async () => {
    const app = memoryApp({ cluster: downCluster(), topics: [Words] })
    const seen: string[] = []
    app.k.listen(Words, { groupId: 'g' }, (word) => void seen.push(word))
    let started = false
    const starting = app.k.start().then(() => (started = true))
    await app.clock.advance(30_000)
    expect(started).toBe(false)
    expect(app.k.state).toBe('starting')
    expect(app.lines.filter(({ level }) => level === 'warn')).toHaveLength(1)
    app.cluster.start()
    await app.clock.advance(10_000)
    await starting
    produce(app, p0, 'a')
    await until(() => seen.length === 1)
    await app.k.stop()
  })

  it('a listener that is added while it waits starts with the others, its topic created', async () => {
    const app = memoryApp({ cluster: downCluster(), topics: [Words] })
    const seen: string[] = []
    const Late = topic('late', { value: string(), partitions: 3 })
    app.k.listen(Words, { groupId: 'g' }, (word) => void seen.push(word))
    const starting = app.k.start()
    await app.clock.advance(5_000)
    const late = app.k.listen(Late, { groupId: 'late' }, (word) => void seen.push(word))
    app.cluster.start()
    await app.clock.advance(10_000)
    await starting
    expect([app.k.state, late.isRunning]).toEqual(['running', true])
    expect(app.cluster.topic('late')!.partitions).toHaveLength(3)
    produce(app, { topic: 'late', partition: 2 }, 'a')
    await until(() => seen.length === 1)
    await app.k.stop()
  })

  it("'wait' ends when the application is stopped meanwhile", async () => {
    const app = memoryApp({ cluster: downCluster() })
    app.k.listen(Words, { groupId: 'g' }, () => {})
    const starting = app.k.start()
    await settle()
    await app.k.stop()
    await starting
    expect(app.k.state).toBe('stopped')
    expect(app.clock.pending).toBe(0)
  })

  it("'fail' rejects and leaves nothing behind", async () => {
    const app = memoryApp({ cluster: downCluster(), startup: 'fail' })
    const container = app.k.listen(Words, { groupId: 'g' }, () => {})
    await expect(app.k.start()).rejects.toMatchObject({ kind: 'connection', retriable: true })
    expect(app.k.state).toBe('stopped')
    expect(container.state).not.toBe('running')
  })

  it("'background' starts at once, and containers begin when they can", async () => {
    const app = memoryApp({ cluster: downCluster(), topics: [Words], startup: 'background' })
    const seen: string[] = []
    app.k.listen(Words, { groupId: 'g' }, (word) => void seen.push(word))
    await app.k.start()
    expect(app.k.state).toBe('running')
    expect(app.k.health().listeners[0]).toMatchObject({ ok: true, assignedPartitions: 0 })
    app.cluster.start()
    await app.clock.advance(20_000)
    produce(app, p0, 'a')
    await until(() => seen.length === 1)
    await app.k.stop()
  })
})

describe('an application', () => {
  it('may be stopped and started again: listeners, templates and all', async () => {
    const app = memoryApp({ topics: [Words] })
    const seen: string[] = []
    app.k.listen(Words, { groupId: 'g' }, (word) => void seen.push(word))
    for (const word of ['a', 'b']) {
      await app.k.start()
      await app.k.template.send(Words, word)
      await until(() => seen.at(-1) === word)
      await app.k.stop()
      await expect(app.k.template.send(Words, 'between')).rejects.toMatchObject({ kind: 'closed' })
    }
    expect(seen).toEqual(['a', 'b'])
  })

  it('logs what a listener of an event throws or rejects with, and goes on', async () => {
    const app = memoryApp()
    const seen: string[] = []
    app.k.on('consumerStarted', () => {
      throw new Error('at once')
    })
    app.k.on('consumerStarted', async () => {
      throw new Error('later')
    })
    app.k.on('consumerStarted', ({ listenerId }) => void seen.push(listenerId))
    app.k.listen(Words, { groupId: 'g' }, () => {})
    await app.k.start()
    await settle()
    expect(seen).toEqual(['words'])
    const told = app.lines.filter(({ level }) => level === 'error').map(({ message }) => message)
    expect(told).toEqual([expect.stringContaining('at once'), expect.stringContaining('later')])
    await app.k.stop()
  })

  it('gives each consumer of a static member an id of its own', async () => {
    const cluster = new MemoryCluster({ clock: virtualClock() })
    const driver = memoryDriver(cluster)
    const ids: (string | undefined)[] = []
    const app = memoryApp({
      cluster,
      consumer: { groupInstanceId: 'me' },
      driver: {
        ...driver,
        capabilities: { ...driver.capabilities, staticMembership: true },
        consumer(options) {
          ids.push(options.groupInstanceId)
          return driver.consumer(options)
        },
      },
    })
    app.k.listen(Words, { groupId: 'two', concurrency: 2 }, () => {})
    app.k.listen(Words, { groupId: 'one' }, () => {})
    await app.k.start()
    await app.k.stop()
    expect(ids.toSorted((a, b) => a!.localeCompare(b!))).toEqual(['me', 'me-0', 'me-1'])
  })
})

describe('a container', () => {
  it('survives a broker that goes away and comes back', async () => {
    const app = memoryApp()
    const seen: string[] = []
    const recovering: string[] = []
    app.k.listen(Words, { groupId: 'g' }, (word) => void seen.push(word))
    app.k.on('consumerRecovering', ({ error }) => recovering.push(error.message))
    await app.k.start()
    produce(app, p0, 'a')
    await until(() => seen.length === 1)
    app.cluster.stop()
    await settle()
    app.cluster.start()
    produce(app, p0, 'b')
    await until(() => app.committed('g', p0) === 2)
    expect(seen).toEqual(['a', 'b'])
    expect(recovering).toEqual(['The memory cluster is stopped.'])
    await app.k.stop()
  })

  it('is stopped, and says so, by what no waiting mends', async () => {
    const cluster = new MemoryCluster({ clock: virtualClock() })
    const driver = memoryDriver(cluster)
    const refusing: KafkaDriver = {
      ...driver,
      consumer(options) {
        const port = driver.consumer(options)
        port.start = () => Promise.reject(new DriverError('auth', 'wrong password'))
        return port
      },
    }
    const app = memoryApp({ cluster, driver: refusing })
    const container = app.k.listen(Words, { groupId: 'g' }, () => {})
    await expect(app.k.start()).rejects.toMatchObject({ kind: 'auth' })
    expect(container).toMatchObject({ state: 'stopped', stopReason: 'AUTH', isInExpectedState: false })
    await app.k.stop()
  })

  it('replaces a consumer that its driver gives up', async () => {
    const cluster = new MemoryCluster({ clock: virtualClock() })
    const driver = memoryDriver(cluster)
    let fail: (() => void) | undefined
    const failing: KafkaDriver = {
      ...driver,
      consumer(options) {
        const port = driver.consumer(options)
        const start = port.start.bind(port)
        port.start = (subscription, handler) => {
          fail = () => handler.onState({ state: 'failed', error: new DriverError('retriable', 'crashed') })
          return start(subscription, handler)
        }
        return port
      },
    }
    const app = memoryApp({ cluster, driver: failing })
    const seen: string[] = []
    const container = app.k.listen(Words, { groupId: 'g' }, (word) => void seen.push(word))
    await app.k.start()
    await container.untilAssigned()
    fail!()
    await app.clock.advance(1_000)
    produce(app, p0, 'a')
    await until(() => seen.length === 1)
    expect(container.isRunning).toBe(true)
    await app.k.stop()
  })

  it('that was told not to start by itself is started by its id', async () => {
    const app = memoryApp()
    const seen: string[] = []
    app.k.listen(Words, { groupId: 'g', id: 'later', autoStartup: false }, (word) => void seen.push(word))
    await app.k.start()
    const container = app.k.registry.get('later')
    expect(container).toMatchObject({ state: 'created', isRunning: false, isInExpectedState: true })
    expect(app.k.health().ok).toBe(true)
    await container.start()
    produce(app, p0, 'a')
    await until(() => seen.length === 1)
    await app.k.stop()
  })

  it('that is added to a running application starts at once, dead-letter topics and all', async () => {
    const app = memoryApp()
    await app.k.start()
    const seen: string[] = []
    app.k.listen(Words, { groupId: 'g' }, (word) => void seen.push(word))
    await until(() => app.cluster.topic('words') !== undefined)
    produce(app, p0, 'a')
    await until(() => seen.length === 1)
    expect(app.cluster.topic('words')!.partitions).toHaveLength(2)
    await app.k.stop()
  })

  it('that is stopped on purpose is no failure; that is unregistered is forgotten once it is stopped', async () => {
    const app = memoryApp({ topics: [Words] })
    const seen: string[] = []
    const first = app.k.listen(Words, { groupId: 'a', id: 'x' }, (word) => void seen.push(`first ${word}`))
    await app.k.start()
    await first.stop()
    expect(app.k.health()).toMatchObject({ ok: true, listeners: [{ id: 'x', state: 'stopped', ok: true }] })
    await first.start()
    expect(app.k.registry.unregister('x')).toBe(first)
    // it runs on, and another may have its id
    const second = app.k.listen(Words, { groupId: 'b', id: 'x' }, (word) => void seen.push(`second ${word}`))
    await second.start()
    produce(app, p0, '1')
    await until(() => seen.length === 2)
    expect(app.k.health().listeners).toHaveLength(2)
    await second.stop()
    app.k.registry.unregister('x')
    expect(app.k.health().listeners).toHaveLength(1)
    await app.k.stop()
    expect(first.state).toBe('stopped')
  })

  it('that comes late and is wrong is told, once, and ends nothing that runs', async () => {
    const app = memoryApp({ topics: [Words] })
    const seen: string[] = []
    app.k.listen(Words, { groupId: 'g' }, (word) => void seen.push(word))
    await app.k.start()
    app.k.listen(Words, { groupId: 'wrong', transactional: true, id: 'wrong' }, () => {})
    await expect(app.k.prepare()).rejects.toThrow(/has no transactionIdPrefix/)
    expect(app.k.registry.get('wrong')).toMatchObject({ isRunning: false })
    const good = app.k.listen(Words, { groupId: 'good', id: 'good' }, (word) => void seen.push(word))
    await app.k.prepare()
    await good.start()
    produce(app, p0, 'a')
    await until(() => seen.length === 2)
    expect(app.k.state).toBe('running')
    await app.k.stop()
  })

  it('refuses to start without its topic when missingTopicsFatal is set', async () => {
    const app = memoryApp()
    app.k.listen('absent', { groupId: 'g', missingTopicsFatal: true }, () => {})
    await expect(app.k.start()).rejects.toThrow(
      'listener absent: topics absent do not exist (missingTopicsFatal is set)',
    )
    await app.k.stop()
  })
})

describe('declared topics', () => {
  const Orders = topic('orders', { value: json(), partitions: 3, configs: { 'cleanup.policy': 'compact' } })

  it('are created when they are missing', async () => {
    const app = memoryApp({ topics: [Orders] })
    await app.k.start()
    expect(app.cluster.topic('orders')).toMatchObject({ configs: { 'cleanup.policy': 'compact' } })
    expect(app.cluster.topic('orders')!.partitions).toHaveLength(3)
    await app.k.stop()
  })

  it('grow when they have fewer partitions, never shrink, and keep their configs', async () => {
    const app = memoryApp({
      topics: [Orders, topic('wide', { value: json(), partitions: 1 })],
      cluster: { topics: ['orders', { name: 'wide', partitions: 5 }] },
    })
    await app.k.start()
    expect(app.cluster.topic('orders')!.partitions).toHaveLength(3)
    expect(app.cluster.topic('wide')!.partitions).toHaveLength(5)
    expect(app.cluster.topic('orders')!.configs).toEqual({})
    await app.k.stop()
  })

  it('have their configs changed when asked to', async () => {
    const app = memoryApp({ topics: [Orders], cluster: { topics: ['orders'] }, admin: { modifyTopicConfigs: true } })
    await app.k.start()
    expect(app.cluster.topic('orders')!.configs).toEqual({ 'cleanup.policy': 'compact' })
    await app.k.stop()
  })

  it('are left alone without autoCreate, and where topicFilter says so', async () => {
    const app = memoryApp({ topics: [Orders], admin: { autoCreate: false } })
    await app.k.start()
    expect(app.cluster.topic('orders')).toBeUndefined()
    await app.k.stop()
    const other = memoryApp({ topics: [Orders, Words], admin: { topicFilter: ({ name }) => name === 'words' } })
    await other.k.start()
    expect(other.cluster.topicNames).toEqual(['words'])
    await other.k.stop()
  })

  it('may be declared twice as long as they agree', async () => {
    const app = memoryApp({ topics: [Orders, topic('orders', { value: json() })] })
    await app.k.start()
    expect(app.cluster.topic('orders')!.partitions).toHaveLength(3)
    await app.k.stop()
    const wrong = memoryApp({ topics: [Orders, topic('orders', { value: json(), partitions: 4 })] })
    await expect(wrong.k.start()).rejects.toThrow('topic orders is declared with 3 and with 4 partitions')
  })
})
