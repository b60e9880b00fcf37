// kafka-consumer-groups with everything it can do, on a group that a real consumer made.
import { writeFileSync } from 'node:fs'
import { beforeAll, describe, expect, test } from 'vitest'
import { home, kafkaTool, kcat, runningTool } from '../commands.js'
import { needs, useTarget } from '../target.js'

const topic = 'grouped'
const group = 'interop-group'

describe('kafka-consumer-groups', () => {
  const target = useTarget()
  const groups = (args: string, mayFail = false) =>
    kafkaTool('kafka-consumer-groups', `--bootstrap-server ${target().bootstrap} ${args}`, { mayFail })

  beforeAll(async () => {
    const { bootstrap } = target()
    await kafkaTool('kafka-topics', `--bootstrap-server ${bootstrap} --create --topic ${topic} --partitions 2`)
    for (const partition of [0, 1]) {
      await kcat(bootstrap, `-P -t ${topic} -p ${partition}`, { input: 'x\n'.repeat(100) })
    }
    await kcat(bootstrap, `-G ${group} -X auto.offset.reset=earliest -c 200 -q ${topic}`)
  })

  /** The group's committed offsets, partition 0 first. */
  const committed = async () => {
    const { text } = await groups(`--describe --group ${group} --offsets`)
    const rows = text.split('\n').filter((line) => line.startsWith(group))
    return rows
      .map((row) => row.split(/\s+/))
      .sort((a, b) => Number(a[2]) - Number(b[2]))
      .map((columns) => Number(columns[3]))
  }

  test('lists the group and its state, and describes offsets and lag', async () => {
    expect((await groups('--list')).text.split('\n')).toContain(group)
    expect((await groups('--list --state')).text).toMatch(new RegExp(`${group}\\s+Empty`))
    expect((await groups('--list --state Stable')).text).not.toContain(group)
    expect((await groups(`--describe --group ${group} --state`)).text).toMatch(/Empty\s+0/)
    const { text } = await groups(`--describe --group ${group}`)
    expect(text).toMatch(new RegExp(`${group}\\s+${topic}\\s+0\\s+100\\s+100\\s+0\\s`))
  })

  test('describes the members of a living group', async () => {
    const consumer = runningTool(
      'kafka-verifiable-consumer',
      `--bootstrap-server ${target().bootstrap} --topic ${topic} --group-id living`,
    )
    try {
      await consumer.until('partitions assigned', (lines) => lines.some((line) => line.includes('partitions_assigned')))
      const members = (await groups('--describe --group living --members --verbose')).text
      expect(members).toMatch(/living\s+consumer-living-1-\S+\s+\/127\.0\.0\.1\s+consumer-living-1\s+2\s+/)
      expect(members).toContain(`${topic}:0,1`)
      expect((await groups('--describe --group living --state')).text).toMatch(/range\s+Stable\s+1/)
      const refused = await groups(`--reset-offsets --group living --topic ${topic} --to-earliest --execute`, true)
      expect(refused.text + refused.stderr).toMatch(/can only be reset if the group .* is inactive/)
    } finally {
      await consumer.end()
    }
  })

  const resets: readonly (readonly [string, readonly number[]])[] = [
    ['--to-earliest', [0, 0]],
    ['--shift-by 10', [10, 10]],
    ['--shift-by -3', [7, 7]],
    ['--to-offset 42', [42, 42]],
    ['--to-offset 4000', [100, 100]],
    ['--to-datetime 2020-01-01T00:00:00.000', [0, 0]],
    ['--to-latest', [100, 100]],
    ['--by-duration PT1H', [0, 0]],
    ['--to-latest', [100, 100]],
  ]

  test('resets offsets in every way', async () => {
    for (const [how, expected] of resets) {
      await groups(`--reset-offsets --group ${group} --topic ${topic} ${how} --execute`)
      expect(await committed(), how).toEqual(expected)
    }
    await groups(`--reset-offsets --group ${group} --topic ${topic}:1 --to-offset 5 --execute`)
    expect(await committed()).toEqual([100, 5])
    await groups(`--reset-offsets --group ${group} --all-topics --to-current --execute`)
    expect(await committed()).toEqual([100, 5])
    await groups(`--reset-offsets --group ${group} --all-topics --to-earliest --dry-run`)
    expect(await committed()).toEqual([100, 5])
  })

  test('exports offsets and resets from that file', async () => {
    const exported = await groups(`--reset-offsets --group ${group} --topic ${topic} --to-offset 17 --export --dry-run`)
    const rows = exported.text.split('\n').filter((line) => line.includes(topic))
    expect(rows.sort()).toEqual([`${topic},0,17`, `${topic},1,17`])
    writeFileSync(`${home}/work/offsets.csv`, rows.join('\n'))
    await groups(`--reset-offsets --group ${group} --from-file ${home}/work/offsets.csv --execute`)
    expect(await committed()).toEqual([17, 17])
  })

  test('a consumer goes on from where the reset put it', async () => {
    await groups(`--reset-offsets --group ${group} --topic ${topic} --to-offset 95 --execute`)
    const { text } = await kcat(target().bootstrap, `-G ${group} -c 10 -q -f %p:%o\\n ${topic}`)
    expect(text.split('\n').sort()).toEqual(
      [0, 1].flatMap((p) => [95, 96, 97, 98, 99].map((offset) => `${p}:${offset}`)),
    )
  })

  test('deletes offsets of a topic, then the group', async (context) => {
    await needs(context, target(), 'OffsetDelete', 'DeleteGroups')
    await groups(`--delete-offsets --group ${group} --topic ${topic}:1`)
    expect(await committed()).toHaveLength(1)
    await groups(`--delete --group ${group}`)
    expect((await groups('--list')).text.split('\n')).not.toContain(group)
  })

  test('says that a group does not exist', async () => {
    const { text, stderr } = await groups('--describe --group nobody', true)
    expect(text + stderr).toMatch(/GroupIdNotFoundException|does not exist/)
  })
})
