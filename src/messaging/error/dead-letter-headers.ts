/** The headers of a dead-lettered record: names and byte forms as Spring writes them, so that either side reads the other's. */
export const DLT = {
  originalTopic: 'kafka_dlt-original-topic',
  originalPartition: 'kafka_dlt-original-partition',
  originalOffset: 'kafka_dlt-original-offset',
  originalTimestamp: 'kafka_dlt-original-timestamp',
  originalTimestampType: 'kafka_dlt-original-timestamp-type',
  originalConsumerGroup: 'kafka_dlt-original-consumer-group',
  exceptionFqcn: 'kafka_dlt-exception-fqcn',
  exceptionCauseFqcn: 'kafka_dlt-exception-cause-fqcn',
  exceptionMessage: 'kafka_dlt-exception-message',
  exceptionStacktrace: 'kafka_dlt-exception-stacktrace',
  keyExceptionFqcn: 'kafka_dlt-key-exception-fqcn',
  keyExceptionMessage: 'kafka_dlt-key-exception-message',
  keyExceptionStacktrace: 'kafka_dlt-key-exception-stacktrace',
} as const

export function int32Bytes(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4)
  bytes.writeInt32BE(value)
  return bytes
}

export function int64Bytes(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(8)
  bytes.writeBigInt64BE(BigInt(value))
  return bytes
}

export function readInt32(bytes: Buffer | null | undefined): number | undefined {
  return bytes?.length === 4 ? bytes.readInt32BE() : undefined
}

export function readInt64(bytes: Buffer | null | undefined): number | undefined {
  return bytes?.length === 8 ? Number(bytes.readBigInt64BE()) : undefined
}
