/** A serde and a partitioner of one's own. KAFKA_BOOTSTRAP names a Kafka to use; left out, one is started here. */
import { kafka, topic } from 'kts-kafka'
import { EmbeddedKafka } from 'kts-kafka/testing'
import { byRegion } from './by-region.js'
import { visitCsv, type Visit } from './csv.js'

const Visits = topic('visits', { value: visitCsv, partitions: 3 })

const VISITS: readonly Visit[] = [
  { page: '/', country: 'fr', seconds: 12 },
  { page: '/shop', country: 'us', seconds: 90 },
  { page: '/shop', country: 'de', seconds: 31 },
  { page: '/about', country: 'jp', seconds: 4 },
]

export async function main(): Promise<void> {
  const broker = process.env.KAFKA_BOOTSTRAP ? undefined : await EmbeddedKafka.start()
  const k = kafka({
    bootstrapServers: process.env.KAFKA_BOOTSTRAP ?? broker!.bootstrapServers,
    topics: [Visits],
    producer: { partitioner: byRegion },
    consumer: { autoOffsetReset: 'earliest' },
  })
  let seen = 0
  const all = new Promise<void>((resolve) => {
    k.listen(Visits, { groupId: 'regions' }, ({ page, country, seconds }, { partition, record }) => {
      console.log(`partition ${partition}: ${country} read ${page} for ${seconds} s, as ${record.rawValue?.toString()}`)
      if (++seen === VISITS.length) resolve()
    })
  })
  await k.start()
  for (const visit of VISITS) await k.template.send(Visits, visit, { key: visit.country })
  await all
  await k.stop()
  await broker?.stop()
}
