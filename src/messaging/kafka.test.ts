import { describe, expect, it } from 'vitest'
import { json, kafka, topic } from '../index.js'
import { memoryDriver, MemoryCluster } from '../testing/memory-driver/index.js'

const Orders = topic('orders', { value: json<{ id: number }>(), partitions: 3 })

describe('kafka()', () => {
  it('carries records from the template to a listener', async () => {
    const cluster = new MemoryCluster()
    const k = kafka({ bootstrapServers: 'memory:1', topics: [Orders], driver: memoryDriver(cluster) })
    const seen: string[] = []
    const done = new Promise<void>((resolve) => {
      k.listen(Orders, { groupId: 'billing' }, (order, ctx) => {
        seen.push(`${order.id}@${ctx.key}`)
        if (seen.length === 10) resolve()
      })
    })
    await k.start()
    await k.registry.all[0]!.untilAssigned(3)
    for (let id = 0; id < 10; id++) await k.template.send(Orders, { id }, { key: `k${id}` })
    await done
    await k.stop()
    expect(seen.toSorted()).toEqual(Array.from({ length: 10 }, (_, id) => `${id}@k${id}`))
    expect([...cluster.group('billing').committed.values()].reduce((sum, { offset }) => sum + offset, 0)).toBe(10)
  })
})
