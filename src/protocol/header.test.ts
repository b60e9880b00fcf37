import { describe, expect, expectTypeOf, it } from 'vitest'
import { fromBase64, recordBytes } from '../../test/facts/golden.js'
import { Reader } from '../base/bytes.js'
import { correlationIdOf, decodeResponse, encodeRequest, encodeResponse, readRequestHeader } from './header.js'
import { apis, apiVersions, fetch, metadata, produce, saslHandshake } from './messages/index.js'

const whole = (chunks: readonly Buffer[]): Buffer => Buffer.concat(chunks)
const hex = (chunks: readonly Buffer[]): string => whole(chunks).toString('hex')

describe('request frames', () => {
  it('carry header 1 where the message is plain, header 2 where it is flexible; the client id is never compact', () => {
    expect(hex(encodeRequest(metadata, 1, 7, 'me', { topics: null }))).toBe(
      '00000010' + '00030001' + '00000007' + '00026d65' + 'ffffffff',
    )
    expect(hex(encodeRequest(metadata, 9, 7, 'me', { topics: null }))).toBe(
      '00000012' + '00030009' + '00000007' + '00026d65' + '00' + '00010000' + '00',
    )
    expect(hex(encodeRequest(saslHandshake, 1, 7, null, { mechanism: 'PLAIN' }))).toBe(
      '00000011' + '00110001' + '00000007' + 'ffff' + '0005504c41494e',
    )
  })

  it('are read back, tagged fields of the header skipped', () => {
    for (const version of [8, 9, 13]) {
      const frame = whole(encodeRequest(metadata, version, -5, null, { topics: [{ name: 'a' }] })).subarray(4)
      const reader = new Reader(frame)
      expect(readRequestHeader(reader)).toEqual({ apiKey: 3, apiVersion: version, correlationId: -5, clientId: null })
      const body = metadata.request.read(reader, version)
      expectTypeOf(body.topics).toExtend<{ name: string | null }[] | null>()
      expect(body.topics).toMatchObject([{ name: 'a' }])
      expect(reader.remaining).toBe(0)
    }
    const tagged = Buffer.from('0003000c' + '00000001' + 'ffff' + '02' + '0003aabbcc' + '0500' + '00', 'hex')
    const reader = new Reader(tagged)
    readRequestHeader(reader)
    expect(reader.remaining).toBe(1)
  })

  it('of an API or a version that is not known still tell what is asked for', () => {
    const header = readRequestHeader(new Reader(Buffer.from('7fff0003000000010001780000', 'hex')))
    expect(header).toEqual({ apiKey: 0x7fff, apiVersion: 3, correlationId: 1, clientId: 'x' })
    const later = readRequestHeader(new Reader(Buffer.from('00120063' + '00000001' + '0001780000', 'hex')))
    expect(later).toEqual({ apiKey: 18, apiVersion: 99, correlationId: 1, clientId: 'x' })
  })
})

describe('response frames', () => {
  it('carry header 0 where the message is plain, header 1 where it is flexible', () => {
    const body = { errorCode: 0, mechanisms: ['PLAIN'] }
    expect(hex(encodeResponse(saslHandshake, 1, 7, body))).toBe(
      '00000011' + '00000007' + '0000' + '00000001' + '0005504c41494e',
    )
    const frame = whole(encodeResponse(metadata, 13, 7, { brokers: [], topics: [] })).subarray(4)
    expect(frame.subarray(0, 5).toString('hex')).toBe('0000000700')
    expect(correlationIdOf(frame)).toBe(7)
    expect(decodeResponse(metadata, 13, frame)).toMatchObject({ brokers: [], topics: [], clusterId: null })
  })

  it('of ApiVersions have header 0 always, and body 0 when the version was not known', () => {
    const body = { errorCode: 35, apiKeys: [{ apiKey: 18, minVersion: 0, maxVersion: 4 }] }
    const refusal = encodeResponse(apiVersions, 0, 7, body)
    expect(hex(refusal)).toBe('00000010' + '00000007' + '0023' + '00000001' + '001200000004')
    expect(decodeResponse(apiVersions, 4, whole(refusal).subarray(4))).toMatchObject(body)
    const flexible = encodeResponse(apiVersions, 3, 7, { ...body, errorCode: 0 })
    expect(hex(flexible)).toBe('00000013' + '00000007' + '0000' + '02' + '00120000000400' + '00000000' + '00')
    expect(decodeResponse(apiVersions, 3, whole(flexible).subarray(4))).toMatchObject({ ...body, errorCode: 0 })
  })

  it('carry large records by reference, in one piece or in several', () => {
    const large = Buffer.alloc(5000, 1)
    const partition = { errorCode: 0, highWatermark: 9, abortedTransactions: null }
    const body = {
      responses: [
        {
          topic: 'a',
          partitions: [
            { ...partition, partitionIndex: 0, records: large },
            { ...partition, partitionIndex: 1, records: [large, Buffer.from('small'), large.subarray(1)] },
            { ...partition, partitionIndex: 2, records: null },
          ],
        },
      ],
    }
    const chunks = encodeResponse(fetch, 12, 7, body)
    expect(chunks.filter((chunk) => chunk.buffer === large.buffer)).toHaveLength(3)
    const frame = whole(chunks)
    expect(frame.readInt32BE(0)).toBe(frame.length - 4)
    const read = decodeResponse(fetch, 12, frame.subarray(4)).responses[0]!.partitions.map((p) => p.records)
    expect(read[0]!.equals(large)).toBe(true)
    expect(read[1]!.equals(Buffer.concat([large, Buffer.from('small'), large.subarray(1)]))).toBe(true)
    expect(read[2]).toBe(null)
  })

  it('are decoded as a view: records of a produced batch are not copied either way', () => {
    const batch = Buffer.alloc(4096, 2)
    const topicData = [{ name: 'a', partitionData: [{ index: 0, records: batch }] }]
    const chunks = encodeRequest(produce, 9, 1, 'p', { transactionalId: null, acks: -1, timeoutMs: 1000, topicData })
    expect(chunks).toHaveLength(3)
    expect(chunks[1]).toBe(batch)
    const frame = whole(chunks).subarray(4)
    const reader = new Reader(frame)
    readRequestHeader(reader)
    const read = produce.request.read(reader, 9).topicData[0]!.partitionData[0]!.records!
    expect(read.buffer).toBe(frame.buffer)
    expect(read.equals(batch)).toBe(true)
  })
})

describe("headers are those of Java's client", () => {
  const bodyOf = new Map(apis.map((api) => [api.key, api]))

  it('in every API and version', () => {
    for (const [key, versions] of Object.entries(recordBytes.headerVersions)) {
      const api = bodyOf.get(Number(key))
      if (!api) continue
      for (const [text, [request, response]] of Object.entries(versions)) {
        const version = Number(text)
        const body = api.request.encode({} as never, version).length
        const answer = api.response.encode({} as never, version).length
        const what = `${api.name} v${version}`
        expect(whole(encodeRequest(api, version, 1, 'x', {})).length - body, what).toBe(request === 2 ? 16 : 15)
        expect(whole(encodeResponse(api, version, 1, {})).length - answer, what).toBe(response === 1 ? 9 : 8)
      }
    }
  })

  it('byte for byte', () => {
    const java = (name: string): Buffer => fromBase64(recordBytes.frames[name])
    const framed = (chunks: readonly Buffer[]): Buffer => whole(chunks).subarray(4)
    for (const version of [8, 13]) {
      const request = encodeRequest(metadata, version, 77, 'cliént', { topics: null })
      expect(framed(request).equals(java(`request metadata ${version}`))).toBe(true)
      const response = encodeResponse(metadata, version, 77, { brokers: [], topics: [] })
      expect(framed(response).equals(java(`response metadata ${version}`))).toBe(true)
    }
    const handshake = encodeRequest(saslHandshake, 1, 77, null, { mechanism: 'PLAIN' })
    expect(framed(handshake).equals(java('request saslHandshake 1'))).toBe(true)
    const versions = encodeResponse(apiVersions, 4, 77, { errorCode: 0, apiKeys: [] })
    expect(framed(versions).equals(java('response apiVersions 4'))).toBe(true)
  })
})
