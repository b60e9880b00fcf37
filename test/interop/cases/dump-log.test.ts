// Our files on disk under Kafka's own eyes: kafka-dump-log must read every one without a complaint.
import { existsSync, readdirSync } from 'node:fs'
import { beforeAll, describe, expect, test } from 'vitest'
import { kafkaTool, kcat } from '../commands.js'
import { useTarget } from '../target.js'

const CODECS = ['none', 'gzip', 'snappy', 'lz4', 'zstd']
const EACH = 2000
const topic = 'dumped'

describe('kafka-dump-log', () => {
  const target = useTarget({ 'log.index.interval.bytes': '4096' })

  beforeAll(async () => {
    const { bootstrap } = target()
    // A crash and a clean restart lie between, so recovery's rebuilt files are read too.
    for (const codec of CODECS) {
      const input = Array.from({ length: EACH }, (_, n) => `key${n}:${codec} ${n} ${'x'.repeat(n % 200)}\n`).join('')
      const options = `-P -t ${topic} -p 0 -K: -z ${codec} -H origin=interop -X batch.num.messages=100 -X linger.ms=1`
      await kcat(bootstrap, options, { input })
      if (codec === 'snappy') {
        await target().kill()
        await target().start()
      }
    }
    await kcat(bootstrap, `-G dump-group -X auto.offset.reset=earliest -c ${EACH * CODECS.length} -q ${topic}`)
    await target().stop()
  })

  const files = (folder: string, extension: string) =>
    readdirSync(`${target().dataDir}/${folder}`)
      .filter((file) => file.endsWith(extension))
      .map((file) => `${target().dataDir}/${folder}/${file}`)

  test('reads every record of the segments, with keys, values and headers', async () => {
    const segments = files(`${topic}-0`, '.log')
    const { text, stderr } = await kafkaTool('kafka-dump-log', ['--print-data-log', '--files', segments.join(',')])
    expect(complaints(text + stderr)).toEqual([])
    const rows = text.split('\n').filter((line) => line.startsWith('|'))
    expect(rows).toHaveLength(EACH * CODECS.length)
    rows.forEach((row, offset) => {
      const codec = CODECS[Math.floor(offset / EACH)]
      const n = offset % EACH
      expect(row).toContain(`offset: ${offset} `)
      expect(row).toContain(`headerKeys: [origin] key: key${n} payload: ${codec} ${n} `)
    })
    for (const codec of CODECS) expect(text).toContain(`compresscodec: ${codec} crc: `)
    expect(text).not.toContain('isvalid: false')
  })

  test('finds every entry of the offset indexes in its segment', async () => {
    const indexes = files(`${topic}-0`, '.index')
    const { text, stderr } = await kafkaTool('kafka-dump-log', ['--files', indexes.join(',')])
    expect(complaints(text + stderr)).toEqual([])
    expect(text.match(/^offset: \d+ position: \d+$/gm)?.length).toBeGreaterThan(10)
  })

  test('passes the index sanity check', async () => {
    const indexes = [...files(`${topic}-0`, '.index'), ...files(`${topic}-0`, '.timeindex')]
    const { text } = await kafkaTool('kafka-dump-log', ['--index-sanity-check', '--files', indexes.join(',')])
    expect(text.match(/passed sanity check/g)).toHaveLength(indexes.length)
  })

  test('finds every entry of the time indexes in its segment', async () => {
    const indexes = files(`${topic}-0`, '.timeindex')
    const { text, stderr } = await kafkaTool('kafka-dump-log', ['--files', indexes.join(',')])
    expect(complaints(text + stderr)).toEqual([])
    expect(text).toMatch(/^timestamp: \d{13} offset: \d+$/m)
  })

  test('reads the committed offsets', async () => {
    const segments = readdirSync(target().dataDir)
      .filter((folder) => folder.startsWith('__consumer_offsets-'))
      .flatMap((folder) => files(folder, '.log'))
    const args = ['--offsets-decoder', '--skip-record-metadata', '--files', segments.join(',')]
    const { text, stderr } = await kafkaTool('kafka-dump-log', args)
    expect(complaints(text + stderr)).toEqual([])
    expect(text).toContain(`"group":"dump-group","topic":"${topic}","partition":0`)
    expect(text).toContain(`"offset":${EACH * CODECS.length}`)
  })

  test('reads the cluster metadata', async () => {
    const segments = files('__cluster_metadata-0', '.log')
    const { text, stderr } = await kafkaTool('kafka-dump-log', [
      '--cluster-metadata-decoder',
      '--files',
      segments.join(','),
    ])
    expect(complaints(text + stderr)).toEqual([])
    expect(text).toContain(`"type":"TOPIC_RECORD","version":0,"data":{"name":"${topic}"`)
    expect(text).toContain('"type":"REGISTER_BROKER_RECORD"')
  })

  test('reads the producer state snapshots', async (context) => {
    const snapshots = files(`${topic}-0`, '.snapshot')
    if (snapshots.length === 0) context.skip('a clean stop wrote no producer snapshot')
    const { text, stderr } = await kafkaTool('kafka-dump-log', ['--files', snapshots.join(',')])
    expect(complaints(text + stderr)).toEqual([])
  })

  test('the checkpoints of the folder are where Kafka keeps them', () => {
    for (const file of ['meta.properties', 'recovery-point-offset-checkpoint', 'log-start-offset-checkpoint']) {
      expect(existsSync(`${target().dataDir}/${file}`), file).toBe(true)
    }
    expect(existsSync(`${target().dataDir}/${topic}-0/partition.metadata`)).toBe(true)
    expect(existsSync(`${target().dataDir}/${topic}-0/leader-epoch-checkpoint`)).toBe(true)
  })
})

/** Lines in which the tool finds fault. */
function complaints(text: string): string[] {
  return text
    .split('\n')
    .filter((line) => /mismatch|corrupt|out of order|Found |Exception|not found|invalid/i.test(line))
}
