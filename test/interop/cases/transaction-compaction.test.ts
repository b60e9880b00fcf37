// Compaction of what transactions wrote: after each pass readers of committed records see the last committed value of every
// key, and the files hold, batch by batch, what Apache Kafka leaves of the same.
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { kafkaTool, kcat } from '../commands.js'
import { java } from '../java.js'
import { useTarget } from '../target.js'

const TOPIC = 'compacted'
const SEGMENT_BYTES = 4_000
/** Fills a segment: it goes to a new one, and what follows it does too. */
const filler = (name: string) => `plain::filler=${name.repeat(SEGMENT_BYTES - 100)}`

describe('a compacted topic with transactions', () => {
  const target = useTarget({ 'log.cleaner.backoff.ms': '100' })
  const write = (...script: readonly string[]) => java('TransactionScript', [target().bootstrap, TOPIC, ...script])
  const read = async (isolation: string) => {
    const args = `-C -t ${TOPIC} -p 0 -o beginning -e -q -X isolation.level=${isolation} -f %o:%k=%s\\n`
    const lines = (await kcat(target().bootstrap, args)).text.split('\n')
    return lines.map((line) => line.replace(/(.)\1{100,}/, '$1…')).join(' ')
  }

  /** Waits until it is compacted up to there. */
  const cleanedTo = async (offset: number) => {
    const deadline = Date.now() + 30_000
    for (;;) {
      const found = cleaned(target().dataDir)
      if (found === offset) return
      if (Date.now() > deadline) throw new Error(`compacted to ${found}, not ${offset}`)
      await wait(50)
    }
  }

  /** Every batch that is left: offsets, kind, records, producer, and whether it has a time to go. */
  const batches = async () => {
    const folder = `${target().dataDir}/${TOPIC}-0`
    const files = readdirSync(folder)
      .filter((name) => name.endsWith('.log'))
      .sort()
    const paths = files.map((name) => `${folder}/${name}`).join(',')
    const { text } = await kafkaTool('kafka-dump-log', ['--print-data-log', '--files', paths])
    expect(text).not.toContain('isvalid: false')
    return text.split('\n').flatMap((line) => {
      if (line.startsWith('Starting offset:')) return ['—']
      const at = /^baseOffset: (\d+) lastOffset: (\d+) count: (\d+)/.exec(line)
      if (at === null) return []
      const [, base, last, count] = at
      const kind = ['isTransactional', 'isControl']
        .filter((flag) => line.includes(`${flag}: true`))
        .map((flag) => flag.slice(2))
      const horizon = line.includes('deleteHorizonMs: OptionalLong[') ? ['has a horizon'] : []
      const epoch = /producerEpoch: (-?\d+)/.exec(line)![1]
      return [[`${base}-${last}: ${count}`, ...kind, `epoch ${epoch}`, ...horizon].join(', ')]
    })
  }

  test('each pass leaves what Apache Kafka leaves', async () => {
    const { bootstrap } = target()
    const configs = {
      'cleanup.policy': 'compact',
      'internal.segment.bytes': SEGMENT_BYTES,
      'min.cleanable.dirty.ratio': '0.001',
      'delete.retention.ms': '1',
    }
    const config = Object.entries(configs).map(([name, value]) => `--config ${name}=${value}`)
    await kafkaTool('kafka-topics', [
      ...`--bootstrap-server ${bootstrap} --create --topic ${TOPIC} --partitions 1`.split(' '),
      ...config.flatMap((one) => one.split(' ')),
    ])

    // one segment: what is replaced or aborted goes at once, a tombstone gets a time to go, markers stay
    await write(
      'commit:x:a=1,b=1',
      'abort:x:a=2,c=2',
      'batch:y:b=3,d=3,e=3',
      'abort:y:b=4,f=4',
      'plain::g=5',
      'commit:x:d=',
      'abort:z:a=7',
      filler('1'),
    )
    await cleanedTo(18)
    expect(await read('read_committed')).toBe('0:a=1 6:b=3 8:e=3 13:g=5 14:d= 18:filler=1…')
    expect(await read('read_uncommitted')).toBe('0:a=1 6:b=3 8:e=3 13:g=5 14:d= 18:filler=1…')
    expect(await batches()).toEqual([
      '0-0: 1, Transactional, epoch 0',
      '2-2: 1, Transactional, Control, epoch 1',
      '5-5: 1, Transactional, Control, epoch 2',
      '6-8: 2, Transactional, epoch 0',
      '9-9: 1, Transactional, Control, epoch 1',
      '12-12: 1, Transactional, Control, epoch 2',
      '13-13: 1, epoch 0',
      '14-14: 1, Transactional, epoch 2, has a horizon',
      '15-15: 1, Transactional, Control, epoch 3',
      '17-17: 1, Transactional, Control, epoch 1',
      '18-18: 1, epoch 0',
    ])

    // an open transaction holds compaction up at its first offset
    await write('open:hangs:a=6', 'commit:x:e=6', filler('2'))
    await cleanedTo(19)
    expect(await read('read_committed')).toBe('0:a=1 6:b=3 8:e=3 13:g=5 18:filler=1…')
    expect(await read('read_uncommitted')).toBe('0:a=1 6:b=3 8:e=3 13:g=5 18:filler=1… 19:a=6 20:e=6 22:filler=2…')
    expect(await batches()).toEqual([
      '0-0: 1, Transactional, epoch 0',
      '2-2: 1, Transactional, Control, epoch 1',
      '5-5: 1, Transactional, Control, epoch 2, has a horizon',
      '6-8: 2, Transactional, epoch 0',
      '9-9: 1, Transactional, Control, epoch 1',
      '12-12: 1, Transactional, Control, epoch 2, has a horizon',
      '13-13: 1, epoch 0',
      '15-15: 1, Transactional, Control, epoch 3',
      '17-17: 1, Transactional, Control, epoch 1, has a horizon',
      '18-18: 1, epoch 0',
      '19-19: 1, Transactional, epoch 0',
      '20-20: 1, Transactional, epoch 4',
      '21-21: 1, Transactional, Control, epoch 5',
      '22-22: 1, epoch 0',
    ])

    // its end lets go of it: the marker lies beyond what is cleaned, and its record goes all the same
    await write('init:hangs:')
    await cleanedTo(23)
    expect(await batches()).toEqual([
      '0-0: 1, Transactional, epoch 0',
      '2-2: 1, Transactional, Control, epoch 1',
      '6-8: 1, Transactional, epoch 0',
      '9-9: 1, Transactional, Control, epoch 1',
      '12-12: 0, Transactional, Control, epoch 2',
      '13-13: 1, epoch 0',
      '15-15: 1, Transactional, Control, epoch 3, has a horizon',
      '17-17: 0, Transactional, Control, epoch 1',
      '18-18: 0, epoch 0',
      '20-20: 1, Transactional, epoch 4',
      '21-21: 1, Transactional, Control, epoch 5',
      '22-22: 1, epoch 0',
      '23-23: 1, Transactional, Control, epoch 1',
    ])
    await write('commit:hangs:h=8', filler('3'))
    await cleanedTo(26)
    expect(await batches()).toEqual([
      '0-0: 1, Transactional, epoch 0',
      '2-2: 1, Transactional, Control, epoch 1',
      '6-8: 1, Transactional, epoch 0',
      '9-9: 1, Transactional, Control, epoch 1',
      '12-12: 0, Transactional, Control, epoch 2',
      '13-13: 1, epoch 0',
      '17-17: 0, Transactional, Control, epoch 1',
      '18-18: 0, epoch 0',
      '20-20: 1, Transactional, epoch 4',
      '21-21: 1, Transactional, Control, epoch 5',
      '22-22: 1, epoch 0',
      '23-23: 1, Transactional, Control, epoch 1, has a horizon',
      '24-24: 1, Transactional, epoch 3',
      '25-25: 1, Transactional, Control, epoch 4',
      '26-26: 1, epoch 0',
    ])

    // its marker is alone now, and goes; where a marker is the last that is known of a producer its header stays
    await write('plain::i=9')
    await cleanedTo(27)
    expect(await batches()).toEqual([
      '0-0: 1, Transactional, epoch 0',
      '2-2: 1, Transactional, Control, epoch 1',
      '6-8: 1, Transactional, epoch 0',
      '9-9: 1, Transactional, Control, epoch 1',
      '12-12: 0, Transactional, Control, epoch 2',
      '13-13: 1, epoch 0',
      '17-17: 0, Transactional, Control, epoch 1',
      '18-18: 0, epoch 0',
      '20-20: 1, Transactional, epoch 4',
      '21-21: 1, Transactional, Control, epoch 5',
      '22-22: 0, epoch 0',
      '24-24: 1, Transactional, epoch 3',
      '25-25: 1, Transactional, Control, epoch 4',
      '26-26: 1, epoch 0',
      '27-27: 1, epoch 0',
    ])
    expect(await read('read_committed')).toBe('0:a=1 6:b=3 13:g=5 20:e=6 24:h=8 26:filler=3… 27:i=9')

    await target().kill()
    await target().start()
    expect(await read('read_committed')).toBe('0:a=1 6:b=3 13:g=5 20:e=6 24:h=8 26:filler=3… 27:i=9')
    expect(await read('read_uncommitted')).toBe('0:a=1 6:b=3 13:g=5 20:e=6 24:h=8 26:filler=3… 27:i=9')
  })
})

/** Where the topic's last compaction ended. */
function cleaned(dataDir: string): number {
  const line = readFileSync(`${dataDir}/cleaner-offset-checkpoint`, 'utf8')
    .split('\n')
    .find((one) => one.startsWith(`${TOPIC} 0 `))
  return Number(line?.split(' ')[2] ?? 0)
}
