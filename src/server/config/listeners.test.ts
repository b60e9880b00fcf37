import { hostname } from 'node:os'
import { describe, expect, it } from 'vitest'
import { advertisedAddress, parseListeners } from './listeners.js'
import { brokerTable } from './table.js'

const parse = (listeners: string, more: { advertised?: string; map?: string; controllers?: string } = {}) =>
  parseListeners({
    listeners,
    advertisedListeners: more.advertised,
    securityProtocolMap: more.map ?? brokerTable.get('listener.security.protocol.map')!.default!,
    controllerListenerNames: more.controllers,
  })

describe('parseListeners', () => {
  it('reads names, hosts and ports, IPv6 included', () => {
    expect(
      parse('PLAINTEXT://127.0.0.1:9092, INTERNAL://[::1]:9093', { map: 'PLAINTEXT:PLAINTEXT,INTERNAL:plaintext' }),
    ).toEqual([
      { name: 'PLAINTEXT', securityProtocol: 'PLAINTEXT', host: '127.0.0.1', port: 9092, advertised: undefined },
      { name: 'INTERNAL', securityProtocol: 'PLAINTEXT', host: '::1', port: 9093, advertised: undefined },
    ])
  })

  it('opens no listener of the controller', () => {
    const listeners = parse('PLAINTEXT://:9092,CONTROLLER://:9093', { controllers: 'CONTROLLER' })
    expect(listeners.map(({ name }) => name)).toEqual(['PLAINTEXT'])
  })

  it.each([
    ['PLAINTEXT://host', /must be NAME:\/\/host:port/],
    ['PLAINTEXT://host:99999', /must be NAME:\/\/host:port/],
    ['PLAINTEXT://:1,PLAINTEXT://:2', /twice/],
    ['OTHER://:1', /listener.security.protocol.map/],
    ['', /no listener/],
  ])('refuses %s', (listeners, message) => {
    expect(() => parse(listeners)).toThrow(message)
  })

  it('refuses to advertise an address that no one can reach, or of a listener that is not there', () => {
    expect(() => parse('PLAINTEXT://:9092', { advertised: 'PLAINTEXT://0.0.0.0:9092' })).toThrow(/can reach/)
    expect(() => parse('PLAINTEXT://:9092', { advertised: 'SSL://a:1' })).toThrow(/not in listeners/)
  })
})

describe('advertisedAddress', () => {
  const bound = { host: '0.0.0.0', port: 40_123 }

  it('is where the listener stands, with the port that was picked', () => {
    expect(advertisedAddress(parse('PLAINTEXT://127.0.0.1:0')[0]!, bound)).toEqual({ host: '127.0.0.1', port: 40_123 })
  })

  it('is the name of the machine when the listener is open everywhere', () => {
    expect(advertisedAddress(parse('PLAINTEXT://:0')[0]!, bound)).toEqual({ host: hostname(), port: 40_123 })
  })

  it('is what advertised.listeners says', () => {
    const [listener] = parse('PLAINTEXT://:9092', { advertised: 'PLAINTEXT://kafka.example:19092' })
    expect(advertisedAddress(listener!, bound)).toEqual({ host: 'kafka.example', port: 19_092 })
  })
})
