/** From what `startBroker` was given to settings, listeners and directories. */
import { SettingError } from './config/setting.js'
import { BrokerSettings } from './config/broker-settings.js'
import { parseListeners, type ListenerConfig } from './config/listeners.js'
import { staticSettings } from './config/static-settings.js'
import type { Log } from '../base/log.js'
import { StartError, type BrokerOptions } from './running-broker.js'

export const DEFAULT_HOST = '127.0.0.1'
const DEFAULT_PORT = 9092
/** Where a memory disk has its logs; any name will do. */
const MEMORY_DIR = '/kts-data'

export interface StartSettings {
  readonly settings: BrokerSettings
  readonly listeners: readonly ListenerConfig[]
  readonly logDirs: readonly string[]
}

/** @throws StartError */
export function startSettings(options: BrokerOptions, log: Log): StartSettings {
  try {
    const given = new Map(Object.entries(options.configs ?? {}))
    if (!given.has('listeners')) {
      const host = options.host ?? DEFAULT_HOST
      const shown = host.includes(':') ? `[${host}]` : host
      given.set('listeners', `PLAINTEXT://${shown}:${options.port ?? DEFAULT_PORT}`)
    }
    if (!given.has('log.dirs') && !given.has('log.dir')) given.set('log.dirs', options.dataDir ?? MEMORY_DIR)
    const settings = new BrokerSettings(staticSettings(given, log))
    const listeners = parseListeners({
      listeners: settings.text('listeners')!,
      advertisedListeners: settings.text('advertised.listeners'),
      securityProtocolMap: settings.string('listener.security.protocol.map'),
      controllerListenerNames: settings.text('controller.listener.names'),
    })
    return { settings, listeners, logDirs: settings.list('log.dirs').filter((dir) => dir !== '') }
  } catch (error) {
    throw error instanceof SettingError ? new StartError(error.message) : error
  }
}

/** Whether files are wanted on the machine's disk. */
export function wantsFiles({ dataDir, configs = {} }: BrokerOptions): boolean {
  return dataDir !== undefined || 'log.dirs' in configs || 'log.dir' in configs
}
