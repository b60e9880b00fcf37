/**
 * Hostile frames against a living broker: requests of every API and version that is served, with values at and beyond the
 * bounds, cut, stretched and with bytes turned. The broker must answer or close, and go on serving.
 */
import type { Random } from '../../src/base/random.js'
import type { Transport } from '../../src/net/index.js'
import { encodeRequest } from '../../src/protocol/header.js'
import * as messages from '../../src/protocol/messages/index.js'
import { BatchBuilder } from '../../src/protocol/records/index.js'
import { EncodeError, type Api, type FieldSpec, type Shape } from '../../src/protocol/schema/index.js'
import { RawClient } from './raw-client.js'

export interface FuzzOptions {
  readonly transport: Transport
  readonly port: number
  readonly random: Random
  readonly frames: number
  readonly apis: readonly Api[]
  /** Names that exist, so that frames reach what lies behind the first look-up. */
  readonly names: readonly string[]
  /** Called now and then, between frames. */
  readonly onPause: () => Promise<void>
}

const FRAMES_PER_CONNECTION = 25
const FRAMES_PER_PAUSE = 500

/** Sends the frames; rejects when the broker no longer answers a plain request. */
export async function fuzz(options: FuzzOptions): Promise<void> {
  const { transport, port, random, frames } = options
  for (let sent = 0; sent < frames;) {
    const client = await RawClient.connect(transport, port)
    for (let i = 0; i < FRAMES_PER_CONNECTION && sent < frames && !client.isClosed; i++, sent++) {
      // what is damaged mostly ends the connection, and what follows there is lost: it is seen whether it did
      const isDamaged = random.below(3) === 0
      client.connection.write([hostileFrame(options, isDamaged)])
      if (isDamaged || random.below(4) === 0) await turn()
      if (sent % FRAMES_PER_PAUSE === FRAMES_PER_PAUSE - 1) await options.onPause()
    }
    for (let i = 0; i < 3; i++) await turn()
    client.connection.destroy()
    await assertServes(transport, port)
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

async function assertServes(transport: Transport, port: number): Promise<void> {
  const client = await RawClient.connect(transport, port)
  await client.call(messages.apiVersions, 3, { clientSoftwareName: 'fuzz', clientSoftwareVersion: '1' })
  client.connection.destroy()
}

function hostileFrame(options: FuzzOptions, isDamaged: boolean): Buffer {
  const { random, apis } = options
  const api = apis[random.below(apis.length)]!
  const [lowest, highest] = api.versions
  const version = lowest + random.below(highest - lowest + 1)
  let frame: Buffer
  try {
    const body = struct(api.request.shape, version, options)
    frame = Buffer.concat(
      encodeRequest(api as unknown as Api<Shape, never>, version, random.below(1000), 'fuzz', body as never),
    )
  } catch (error) {
    // a value that this version can't carry
    if (!(error instanceof EncodeError)) throw error
    frame = random.bytes(random.below(200) + 4)
  }
  return isDamaged ? damaged(frame, random) : frame
}

function struct(shape: Shape, version: number, options: FuzzOptions): Record<string, unknown> {
  const out: Record<string, unknown> = {}
  for (const [name, { spec }] of Object.entries(shape)) {
    if (version >= spec.since && version <= spec.until) out[name] = value(spec, version, options)
  }
  return out
}

const NUMBERS = [-2, -1, 0, 1, 2, 3, 100, 10_000]

function value(spec: FieldSpec, version: number, options: FuzzOptions): unknown {
  const { random, names } = options
  if (version >= spec.nullableSince && random.below(4) === 0) return null
  const small = (limit: number): number => Math.max(Math.min(NUMBERS[random.below(NUMBERS.length)]!, limit), -limit)
  switch (spec.type.kind) {
    case 'array': {
      const { element } = spec.type
      return Array.from({ length: random.below(4) }, () => value(element, version, options))
    }
    case 'struct':
      return struct(spec.type.shape, version, options)
    case 'string':
      return random.below(3) > 0
        ? names[random.below(names.length)]!
        : random.bytes(random.below(20)).toString('latin1')
    case 'bool':
      return random.below(2) === 0
    case 'int8':
      return small(100)
    case 'uint16':
      return random.below(65_536)
    case 'int16':
      return small(10_000)
    case 'int32':
      return random.below(10) === 0 ? random.below(2 ** 31) : small(10_000)
    case 'uint32':
      return random.below(2 ** 31)
    case 'int64':
      return random.below(10) === 0 ? Number.MAX_SAFE_INTEGER : small(10_000)
    case 'float64':
      return random.next()
    case 'uuid':
      return random.bytes(16).toString('base64url')
    case 'records':
      return random.below(3) === 0 ? random.bytes(random.below(100)) : batch(random)
    default:
      return random.bytes(random.below(40))
  }
}

function batch(random: Random): Buffer {
  const codec = (['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const)[random.below(5)]!
  const builder = new BatchBuilder({ codec })
  for (let i = random.below(5); i >= 0; i--) {
    builder.append({
      key: random.bytes(random.below(8)),
      value: random.bytes(random.below(80)),
      timestampMs: 1_700_000_000_000,
    })
  }
  const bytes = builder.finish()
  return random.below(3) === 0 ? damaged(bytes, random) : bytes
}

/** The size in front is kept true mostly, so that what is inside is reached. */
function damaged(frame: Buffer, random: Random): Buffer {
  // mostly behind the header: a request that can't be told is refused at once
  const kept = random.below(5) > 0 ? Math.min(HEADER_BYTES, frame.length) : 0
  let bytes: Buffer = Buffer.from(frame.subarray(kept))
  for (let i = random.below(3); i >= 0; i--) bytes = change(bytes, random)
  bytes = Buffer.concat([frame.subarray(0, kept), bytes])
  if (bytes.length >= 4 && random.below(20) > 0) bytes.writeInt32BE(bytes.length - 4, 0)
  return bytes
}

const HEADER_BYTES = 18

const EXTREMES = [0, -1, 0x7fff_ffff, -0x8000_0000, 0x00ff_ffff, 0x0100_0000]

function change(bytes: Buffer, random: Random): Buffer {
  const at = random.below(Math.max(bytes.length, 1))
  switch (random.below(6)) {
    case 0:
      return bytes.subarray(0, at)
    case 1:
      return Buffer.concat([bytes.subarray(0, at), random.bytes(random.below(16)), bytes.subarray(at)])
    case 2:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(Math.max(at - random.below(16), 0))])
    case 3:
      if (at + 4 <= bytes.length) bytes.writeInt32BE(EXTREMES[random.below(EXTREMES.length)]!, at)
      return bytes
    case 4:
      bytes.fill(0xff, at, Math.min(at + 1 + random.below(5), bytes.length))
      return bytes
    default:
      if (bytes.length > 0) bytes[at] = random.below(256)
      return bytes
  }
}
