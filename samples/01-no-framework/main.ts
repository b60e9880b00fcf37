/**
 * The SDK without a framework: `kafka(config)`, `listen` with a function, `send`. KAFKA_BOOTSTRAP names a Kafka to use;
 * left out, a broker is started in this process.
 */
import { json, kafka, topic } from 'kts-kafka'
import { EmbeddedKafka } from 'kts-kafka/testing'

interface Reading {
  sensor: string
  celsius: number
}

// A topic says how its values are written and read; template, listener and tests take their types from it.
const Readings = topic('readings', { value: json<Reading>(), partitions: 2 })

export async function main(): Promise<void> {
  const broker = process.env.KAFKA_BOOTSTRAP ? undefined : await EmbeddedKafka.start()
  const k = kafka({
    bootstrapServers: process.env.KAFKA_BOOTSTRAP ?? broker!.bootstrapServers,
    topics: [Readings],
    consumer: { autoOffsetReset: 'earliest' },
  })

  const expected = 3
  let seen = 0
  const all = new Promise<void>((resolve) => {
    k.listen(Readings, { groupId: 'thermometer' }, ({ sensor, celsius }, ctx) => {
      console.log(`${ctx.record.coordinates} ${sensor} ${celsius} °C`)
      if (++seen === expected) resolve()
    })
  })

  await k.start()
  for (const [sensor, celsius] of [
    ['roof', 21.5],
    ['cellar', 12],
    ['roof', 22],
  ] as const) {
    const { metadata } = await k.template.send(Readings, { sensor, celsius }, { key: sensor })
    console.log(`→ ${metadata.topic}-${metadata.partition}@${metadata.offset} key=${sensor}`)
  }
  await all
  await k.stop()
  await broker?.stop()
}
