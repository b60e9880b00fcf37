/** Numbers in the big-endian forms of Kafka's Java serializers; a wrong length or range is an error, never a wrong number. */
import type { Serde } from '../model/index.js'

function fixedLength<T>(
  name: string,
  length: number,
  check: (value: T) => boolean,
  write: (buffer: Buffer, value: T) => void,
  read: (buffer: Buffer) => T,
): Serde<T> {
  return {
    name,
    serialize(value) {
      if (!check(value)) throw new RangeError(`${String(value)} (${typeof value}) is not of type ${name}`)
      const buffer = Buffer.allocUnsafe(length)
      write(buffer, value)
      return buffer
    },
    deserialize(data) {
      if (data.length !== length) throw new RangeError(`${name} needs ${length} bytes, not ${data.length}`)
      return read(data)
    },
  }
}

const isInteger =
  (bits: number) =>
  (value: number): boolean =>
    Number.isInteger(value) && value >= -(2 ** (bits - 1)) && value < 2 ** (bits - 1)

/** Java's `ShortSerializer`. */
export const int16 = (): Serde<number> =>
  fixedLength(
    'int16',
    2,
    isInteger(16),
    (b, v) => b.writeInt16BE(v),
    (b) => b.readInt16BE(),
  )

/** Java's `IntegerSerializer`. */
export const int32 = (): Serde<number> =>
  fixedLength(
    'int32',
    4,
    isInteger(32),
    (b, v) => b.writeInt32BE(v),
    (b) => b.readInt32BE(),
  )

/** Java's `LongSerializer`; bigint, so that every long is exact. */
export const int64 = (): Serde<bigint> =>
  fixedLength(
    'int64',
    8,
    (v) => typeof v === 'bigint' && BigInt.asIntN(64, v) === v,
    (b, v) => b.writeBigInt64BE(v),
    (b) => b.readBigInt64BE(),
  )

/** Java's `FloatSerializer`. */
export const float = (): Serde<number> =>
  fixedLength(
    'float',
    4,
    (v) => typeof v === 'number',
    (b, v) => b.writeFloatBE(v),
    (b) => b.readFloatBE(),
  )

/** Java's `DoubleSerializer`. */
export const double = (): Serde<number> =>
  fixedLength(
    'double',
    8,
    (v) => typeof v === 'number',
    (b, v) => b.writeDoubleBE(v),
    (b) => b.readDoubleBE(),
  )
