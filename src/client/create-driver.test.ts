import { afterEach, describe, expect, it, vi } from 'vitest'
import { createDriver, DEFAULT_DRIVER, type CreateDriverOptions } from './create-driver.js'

const nameOf = (options: Partial<CreateDriverOptions> = {}): string =>
  createDriver({ bootstrapServers: ['localhost:9092'], ...options }).name

describe('the driver', () => {
  afterEach(() => void vi.unstubAllEnvs())

  it('is the one that is named, else the one that KTS_DRIVER names, else the default', () => {
    vi.stubEnv('KTS_DRIVER', '')
    expect(nameOf()).toBe(DEFAULT_DRIVER)
    vi.stubEnv('KTS_DRIVER', 'kafkajs')
    expect(nameOf()).toBe('kafkajs')
    vi.stubEnv('KTS_DRIVER', 'wire')
    expect(nameOf()).toBe('wire')
    expect(nameOf({ driver: 'kafkajs' })).toBe('kafkajs')
  })

  it('that nobody knows is refused, with those that there are', () => {
    vi.stubEnv('KTS_DRIVER', 'librdkafka')
    expect(() => nameOf()).toThrow("driver 'librdkafka': there is kafkajs, wire; or give a function.")
  })
})
