/**
 * A message: a shape with its range of versions. Requests, responses, coordinator records and metadata records are all
 * messages; `api` pairs a request with its response under an API key.
 */
import { Reader, Writer } from '../../base/bytes.js'
import { assert } from '../../base/assert.js'
import { compileStruct } from './codec.js'
import type { Decoded, Draft, Shape } from './field.js'

export type VersionRange = readonly [lowest: number, highest: number]

export class Message<S extends Shape> {
  constructor(
    readonly name: string,
    readonly versions: VersionRange,
    /** First version with compact lengths and tagged fields (KIP-482); Infinity = none. */
    readonly flexible: number,
    readonly shape: S,
  ) {}

  isFlexible(version: number): boolean {
    return version >= this.flexible
  }

  read(reader: Reader, version: number): Decoded<S> {
    return this.codec(version).read(reader) as Decoded<S>
  }

  write(writer: Writer, value: Draft<S>, version: number): void {
    this.codec(version).write(writer, value)
  }

  decode(buffer: Buffer, version: number): Decoded<S> {
    return this.read(new Reader(buffer), version)
  }

  encode(value: Draft<S>, version: number): Buffer {
    const writer = new Writer()
    this.write(writer, value, version)
    return writer.finish()
  }

  private codec(version: number): ReturnType<typeof compileStruct> {
    assert(version >= this.versions[0] && version <= this.versions[1], `${this.name} has no version ${version}`)
    return compileStruct(this.shape, version, this.isFlexible(version))
  }
}

/** What a message decodes to; `DraftOf` is what it is encoded from. */
export type DecodedOf<M> = M extends Message<infer S> ? Decoded<S> : never
export type DraftOf<M> = M extends Message<infer S> ? Draft<S> : never

export interface Api<Req extends Shape = Shape, Res extends Shape = Shape> {
  readonly key: number
  readonly name: string
  readonly versions: VersionRange
  readonly flexible: number
  readonly request: Message<Req>
  readonly response: Message<Res>
}

export type RequestOf<A> = A extends Api<infer Req, Shape> ? Decoded<Req> : never
export type ResponseOf<A> = A extends Api<Shape, infer Res> ? Draft<Res> : never

export function api<Req extends Shape, Res extends Shape>(layout: {
  key: number
  name: string
  versions: VersionRange
  /** First flexible version; left out = none. */
  flexible?: number
  request: Req
  response: Res
}): Api<Req, Res> {
  const { key, name, versions, flexible = Infinity } = layout
  return {
    key,
    name,
    versions,
    flexible,
    request: new Message(`${name}Request`, versions, flexible, layout.request),
    response: new Message(`${name}Response`, versions, flexible, layout.response),
  }
}

/** A message that is stored, not sent: coordinator keys and values, metadata records. */
export function record<S extends Shape>(layout: {
  name: string
  versions: VersionRange
  flexible?: number
  fields: S
}): Message<S> {
  return new Message(layout.name, layout.versions, layout.flexible ?? Infinity, layout.fields)
}
