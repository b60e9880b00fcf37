/**
 * How coordinators store their records: a key of int16 type and body, a value of int16 version and body; a null value
 * is a tombstone. The type of a key says which value belongs to it.
 */
import { Reader, Writer } from '../../base/bytes.js'
import type { Message, Shape } from '../schema/index.js'
import type { Draft } from '../schema/index.js'

/** Key bodies have one version each: the int16 in front is their type, not a version. */
export function encodeCoordinatorKey<S extends Shape>(type: number, message: Message<S>, key: Draft<S>): Buffer {
  const writer = new Writer(64)
  writer.int16(type)
  message.write(writer, key, message.versions[0])
  return writer.finish()
}

export function encodeCoordinatorValue<S extends Shape>(message: Message<S>, value: Draft<S>, version: number): Buffer {
  const writer = new Writer(128)
  writer.int16(version)
  message.write(writer, value, version)
  return writer.finish()
}

/** The type of a key, and a reader that stands at its body. */
export function openCoordinatorKey(key: Buffer): { type: number; body: Reader } {
  const body = new Reader(key)
  return { type: body.int16(), body }
}

/** The version of a value, and a reader that stands at its body. */
export function openCoordinatorValue(value: Buffer): { version: number; body: Reader } {
  const body = new Reader(value)
  return { version: body.int16(), body }
}
