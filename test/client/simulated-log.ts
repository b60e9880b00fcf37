/** A partition as its leaders keep it, with what Kafka's `ProducerStateManager` checks of a producer's batches. */
import { batch, ErrorCode, RecordCursor } from '../../src/protocol/index.js'

interface ProducerEntry {
  epoch: number
  lastSequence: number
  /** The last five, as a broker remembers them. */
  batches: { first: number; last: number; baseOffset: number }[]
}

export class SimulatedLog {
  readonly values: string[] = []
  private readonly producers = new Map<number, ProducerEntry>()

  constructor(readonly maxMessageBytes = Infinity) {}

  append(bytes: Buffer): { errorCode: number; baseOffset: number } {
    const refuse = (errorCode: number): { errorCode: number; baseOffset: number } => ({ errorCode, baseOffset: -1 })
    if (!batch.hasValidCrc(bytes, 0)) return refuse(ErrorCode.CORRUPT_MESSAGE)
    if (bytes.length > this.maxMessageBytes) return refuse(ErrorCode.MESSAGE_TOO_LARGE)
    const id = batch.producerId(bytes, 0)
    const epoch = batch.producerEpoch(bytes, 0)
    const first = batch.baseSequence(bytes, 0)
    const last = batch.lastSequence(bytes, 0)
    const known = this.producers.get(id)
    if (known) {
      if (epoch < known.epoch) return refuse(ErrorCode.INVALID_PRODUCER_EPOCH)
      if (epoch > known.epoch) {
        if (first !== 0) return refuse(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER)
      } else {
        const before = known.batches.find((one) => one.first === first && one.last === last)
        if (before) return { errorCode: ErrorCode.NONE, baseOffset: before.baseOffset }
        if (first !== known.lastSequence + 1) return refuse(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER)
      }
    }
    const baseOffset = this.values.length
    for (const cursor = new RecordCursor(bytes, 0); cursor.next();) this.values.push(String(cursor.value))
    const batches = known && known.epoch === epoch ? known.batches : []
    batches.push({ first, last, baseOffset })
    if (batches.length > 5) batches.shift()
    this.producers.set(id, { epoch, lastSequence: last, batches })
    return { errorCode: ErrorCode.NONE, baseOffset }
  }
}
