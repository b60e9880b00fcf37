// What two brokers may say differently and mean the same, made equal by the names of fields: identities that a broker
// makes up (numbered in order of their appearance, so that equal stays equal), ports, times of the day, words, and the
// order of sets.
import { batch } from './protocol.js'

/** Values that a broker makes up. The same value gets the same name wherever it stands, in its script. */
const IDENTITIES: Readonly<Record<string, string>> = {
  memberId: 'member',
  leader: 'member',
  topicId: 'topic-id',
  clusterId: 'cluster',
  producerId: 'producer',
  sessionId: 'session',
  logDir: 'log-dir',
}

/** Times of the day, and words for people. A time or text that is there is not the same as none. */
const TIMES = new Set([
  'logAppendTimeMs',
  'startTimeMs',
  'lastTimestamp',
  'producerLastTimestamp',
  'transactionStartTimeMs',
])
const WORDS = new Set(['errorMessage', 'batchIndexErrorMessage', 'documentation', 'statusMessage'])
const MACHINE = new Set(['port', 'totalBytes', 'usableBytes', 'finalizedFeaturesEpoch'])

/** Arrays that are sets: ordered by the first of these that their structs have. */
const KEYS = [
  'name',
  'topic',
  'topicName',
  'topicId',
  'resourceName',
  'groupId',
  'partitionIndex',
  'partition',
  'index',
  'apiKey',
  'memberId',
  'key',
  'brokerId',
  'nodeId',
  'transactionalId',
  'partitionId',
]
const ORDERED = new Set(['synonyms', 'configSynonyms', 'records', 'replicaNodes', 'isrNodes', 'abortedTransactions'])

/** Arrays of texts that are sets. */
const SETS = new Set(['subscribedTopicNames'])

export class Normaliser {
  readonly #names = new Map<unknown, string>()
  readonly #counts = new Map<string, number>()

  /**
   * @param dataDir where the broker keeps its data: a place of this machine
   * @param prefix what all names of the script begin with
   */
  constructor(
    private readonly dataDir: string,
    private readonly prefix: string,
  ) {}

  normalise(value: unknown, field = ''): unknown {
    if (Buffer.isBuffer(value)) return field === 'records' ? this.#batches(value) : value.toString('base64')
    if (Array.isArray(value)) return this.#array(value, field)
    if (typeof value === 'object' && value !== null) {
      return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, this.normalise(inner, name)]))
    }
    const kind = IDENTITIES[field]
    if (kind !== undefined) return this.#named(kind, value)
    if (typeof value === 'string' && this.#names.has(value)) return this.#names.get(value)
    if (TIMES.has(field)) return typeof value === 'number' && value > 0 ? 'time' : value
    if (WORDS.has(field)) return typeof value === 'string' && value !== '' ? 'words' : value
    if (MACHINE.has(field)) return typeof value === 'number' && value > 0 ? field : value
    if (typeof value !== 'string') return value
    const placed = value.replaceAll(this.dataDir, 'data').replace(/(127\.0\.0\.1:)\d+/g, '$1port')
    return placed.startsWith(this.prefix) ? placed.slice(this.prefix.length) : placed
  }

  /** Names what a broker made up; nothing, zero and −1 are no identity. */
  #named(kind: string, value: unknown): unknown {
    if (kind === 'session' && value === 0) return value
    if (value === null || value === '' || value === -1 || value === 'AAAAAAAAAAAAAAAAAAAAAA') return value
    let name = this.#names.get(value)
    if (name === undefined) {
      const count = (this.#counts.get(kind) ?? 0) + 1
      this.#counts.set(kind, count)
      name = `${kind}#${count}`
      this.#names.set(value, name)
    }
    return name
  }

  /** A value that the script itself chose is no identity. */
  keep(value: string): void {
    this.#names.set(value, value)
  }

  #array(items: readonly unknown[], field: string): unknown[] {
    const sorted = ORDERED.has(field) ? items : [...items].sort(SETS.has(field) ? byText : byKey)
    return sorted.map((item) => this.normalise(item, field === 'memberIds' ? 'memberId' : field))
  }

  #batches(records: Buffer): unknown[] {
    const batches: unknown[] = []
    for (let at = 0; at + 12 <= records.length;) {
      const size = batch.sizeInBytes(records, at)
      if (at + size > records.length) {
        batches.push({ cutAfter: records.length - at })
        break
      }
      // Coordinators stamp their markers with the time of the day.
      const isNow = batch.timestampType(records, at) === 'LogAppendTime' || batch.isControl(records, at)
      batches.push({
        baseOffset: batch.baseOffset(records, at),
        lastOffset: batch.lastOffset(records, at),
        partitionLeaderEpoch: batch.partitionLeaderEpoch(records, at),
        attributes: batch.attributes(records, at),
        baseTimestamp: batch.isControl(records, at) ? 'time' : batch.baseTimestamp(records, at),
        maxTimestamp: isNow ? 'time' : batch.maxTimestamp(records, at),
        producerId: this.#named('producer', batch.producerId(records, at)),
        producerEpoch: batch.producerEpoch(records, at),
        baseSequence: batch.baseSequence(records, at),
        recordsCount: batch.recordsCount(records, at),
        crcIsValid: batch.hasValidCrc(records, at),
        // How a broker compresses anew is its own affair.
        records:
          batch.codecId(records, at) === 0 ? records.subarray(at + 61, at + size).toString('base64') : 'compressed',
      })
      at += size
    }
    return batches
  }
}

const byText = (a: unknown, b: unknown): number => (String(a) < String(b) ? -1 : 1)

function byKey(a: unknown, b: unknown): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b
  if (typeof a !== 'object' || a === null || typeof b !== 'object' || b === null) return 0
  for (const key of KEYS) {
    const left = (a as Record<string, unknown>)[key]
    const right = (b as Record<string, unknown>)[key]
    if (typeof left === 'number' && typeof right === 'number' && left !== right) return left - right
    if (typeof left === 'string' && typeof right === 'string' && left !== right) return left < right ? -1 : 1
  }
  return 0
}

/** Every place where two normalised answers differ, as lines that name it: `topics[orders].errorCode: kafka 3, kts 0`. */
export function differences(kafka: unknown, kts: unknown, place = ''): string[] {
  if (Array.isArray(kafka) && Array.isArray(kts)) return arrayDifferences(kafka, kts, place)
  if (isStruct(kafka) && isStruct(kts)) {
    const names = new Set([...Object.keys(kafka), ...Object.keys(kts)])
    return [...names].flatMap((name) => differences(kafka[name], kts[name], place === '' ? name : `${place}.${name}`))
  }
  return Object.is(kafka, kts) ? [] : [`${place}: kafka ${shown(kafka)}, kts ${shown(kts)}`]
}

const shown = (value: unknown) => (value === undefined ? 'nothing' : JSON.stringify(value))

function arrayDifferences(kafka: readonly unknown[], kts: readonly unknown[], place: string): string[] {
  const labelled = (items: readonly unknown[]) =>
    new Map(items.map((item, index) => [labelOf(item) ?? String(index), item] as const))
  const left = labelled(kafka)
  const right = labelled(kts)
  if (left.size < kafka.length || right.size < kts.length) {
    // Labels that stand twice tell nothing; places do.
    const length = Math.max(kafka.length, kts.length)
    return Array.from({ length }, (_, n) => differences(kafka[n], kts[n], `${place}[${n}]`)).flat()
  }
  const labels = new Set([...left.keys(), ...right.keys()])
  return [...labels].flatMap((label) => differences(left.get(label), right.get(label), `${place}[${label}]`))
}

function labelOf(item: unknown): string | undefined {
  if (!isStruct(item)) return undefined
  const key = KEYS.find(
    (name) => (typeof item[name] === 'string' && item[name] !== '') || typeof item[name] === 'number',
  )
  return key === undefined ? undefined : String(item[key])
}

function isStruct(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
