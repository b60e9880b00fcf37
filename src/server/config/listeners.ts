/** `listeners`, `advertised.listeners` and `listener.security.protocol.map` of Kafka, read together. */
import { hostname } from 'node:os'
import { SettingError } from './setting.js'

export interface ListenerConfig {
  readonly name: string
  readonly securityProtocol: SecurityProtocol
  /** '' = every address of the machine. */
  readonly host: string
  /** 0 = any free port. */
  readonly port: number
  /** What clients are told; undefined: what was bound. */
  readonly advertised: { readonly host: string; readonly port: number } | undefined
}

export type SecurityProtocol = 'PLAINTEXT' | 'SSL' | 'SASL_PLAINTEXT' | 'SASL_SSL'

const PROTOCOLS: readonly string[] = ['PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL']

export interface ListenerTexts {
  readonly listeners: string
  readonly advertisedListeners: string | undefined
  readonly securityProtocolMap: string
  /** Listeners of the controller: none is opened, since it is built in. */
  readonly controllerListenerNames: string | undefined
}

/** @throws SettingError */
export function parseListeners(texts: ListenerTexts): ListenerConfig[] {
  const protocols = protocolMap(texts.securityProtocolMap)
  const controllers = split(texts.controllerListenerNames ?? '').map((name) => name.toUpperCase())
  const bound = endpoints('listeners', texts.listeners).filter((one) => !controllers.includes(one.name))
  const advertised = endpoints('advertised.listeners', texts.advertisedListeners ?? '')
  for (const one of advertised) {
    if (controllers.includes(one.name)) continue
    if (!bound.some((own) => own.name === one.name)) {
      throw new SettingError(`advertised.listeners names ${one.name}, which is not in listeners`)
    }
  }
  if (bound.length === 0) throw new SettingError('listeners names no listener for clients')
  return bound.map(({ name, host, port }) => {
    const securityProtocol = protocols.get(name)
    if (!securityProtocol) {
      throw new SettingError(
        `listener ${name} has no security protocol: add ${name}:PLAINTEXT to listener.security.protocol.map`,
      )
    }
    return { name, securityProtocol, host, port, advertised: advertisedFor(name, advertised) }
  })
}

interface EndpointText {
  readonly name: string
  readonly host: string
  readonly port: number
}

function advertisedFor(name: string, advertised: readonly EndpointText[]): ListenerConfig['advertised'] {
  const one = advertised.find((candidate) => candidate.name === name)
  if (!one) return undefined
  if (one.host === '0.0.0.0' || one.host === '::') {
    throw new SettingError(`advertised.listeners must name an address that clients can reach, not ${one.host}`)
  }
  return { host: one.host === '' ? hostname() : one.host, port: one.port }
}

const ENDPOINT = /^([A-Za-z0-9_.-]+):\/\/(?:\[([0-9A-Fa-f:.%]*)\]|([^:/[\]]*)):(-?\d+)$/

function endpoints(setting: string, text: string): EndpointText[] {
  const out: EndpointText[] = []
  for (const item of split(text)) {
    const match = ENDPOINT.exec(item)
    const port = Number(match?.[4])
    if (!match || port < 0 || port > 65_535) {
      throw new SettingError(
        `Invalid value '${item}' for ${setting}: it must be NAME://host:port, e.g. PLAINTEXT://127.0.0.1:9092`,
      )
    }
    const name = match[1]!.toUpperCase()
    if (out.some((one) => one.name === name)) throw new SettingError(`${setting} names ${name} twice`)
    out.push({ name, host: match[2] ?? match[3] ?? '', port })
  }
  return out
}

function protocolMap(text: string): Map<string, SecurityProtocol> {
  const out = new Map<string, SecurityProtocol>()
  for (const item of split(text)) {
    const [name, protocol, ...rest] = item.split(':').map((part) => part.trim().toUpperCase())
    if (!name || !protocol || rest.length > 0 || !PROTOCOLS.includes(protocol)) {
      throw new SettingError(
        `Invalid value '${item}' for listener.security.protocol.map: it must be NAME:PROTOCOL, with one of ${PROTOCOLS.join(', ')}`,
      )
    }
    out.set(name, protocol as SecurityProtocol)
  }
  return out
}

function split(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
}

/** What clients are told of a listener that is bound: `advertised.listeners`, or where it stands. */
export function advertisedAddress(
  config: ListenerConfig,
  bound: { host: string; port: number },
): { host: string; port: number } {
  const port = config.advertised && config.advertised.port !== 0 ? config.advertised.port : bound.port
  if (config.advertised) return { host: config.advertised.host, port }
  const anywhere = config.host === '' || config.host === '0.0.0.0' || config.host === '::'
  return { host: anywhere ? hostname() : config.host, port }
}
