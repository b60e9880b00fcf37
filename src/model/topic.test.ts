import { expect, it } from 'vitest'
import { KafkaError, string, topic, type TopicOptions } from '../index.js'

const problem = (name: string, options: object = {}): string => {
  try {
    topic(name, { value: string(), ...options } as TopicOptions<string, string>)
    return 'none'
  } catch (error) {
    expect(KafkaError.is(error) && error.kind).toBe('config')
    return (error as Error).message
  }
}

it('a topic that no broker could have is refused where it is declared', () => {
  expect(problem('orders.v1_2-x')).toBe('none')
  expect(problem('x'.repeat(249), { partitions: 3, replicationFactor: 1 })).toBe('none')
  const NAME = 'a name has 1 to 249 letters, digits, dots, underscores and hyphens'
  for (const name of ['', '.', '..', 'my orders', 'orders/eu', 'x'.repeat(250), 'bücher\n']) {
    expect(problem(name)).toBe(`topic '${name}': ${NAME}`)
  }
  expect(problem('orders', { value: undefined })).toBe(
    "topic 'orders': its value must be a serde, such as json() or string()",
  )
  expect(problem('orders', { partitions: 0 })).toBe(
    "topic 'orders': partitions must be a whole number, 1 or more, not 0",
  )
  expect(problem('orders', { replicationFactor: 1.5 })).toContain('replicationFactor must be a whole number')
})
