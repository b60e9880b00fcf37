/** The admin on the bundled broker, or the Kafka that KAFKA_BOOTSTRAP names; on Apache Kafka: test/interop/cases/wire-admin.test.ts. */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { EmbeddedKafka } from '../../../testing/embedded-kafka.js'
import { describeWireAdmin, WIRE_ADMIN_SETTINGS } from '../../../../test/interop/wire-admin.js'
import { wireAdmin } from './index.js'

const { KAFKA_BOOTSTRAP } = process.env
let broker: EmbeddedKafka | undefined
beforeAll(async () => {
  if (!KAFKA_BOOTSTRAP) broker = await EmbeddedKafka.start({ configs: WIRE_ADMIN_SETTINGS })
})
afterAll(() => broker?.stop())

describeWireAdmin('the admin', () => KAFKA_BOOTSTRAP ?? broker!.bootstrapServers)

/** About telemetry that this client does not push; `create` is `wireAdmin`; the rest is asked of `listConfigResources`. */
const LEFT_OUT = [
  'clientInstanceId',
  'create',
  'listClientMetricsResources',
  'metrics',
  'registerMetricForSubscription',
  'unregisterMetricFromSubscription',
]

it("has every call of Apache Kafka's Admin, but those that are left out with reason", () => {
  const path = new URL('../../../../test/facts/admin-calls.json', import.meta.url)
  const calls = JSON.parse(readFileSync(path, 'utf8')) as string[]
  const admin = wireAdmin({ bootstrapServers: ['localhost:9092'] })
  expect(calls.filter((call) => !(call in admin))).toEqual(LEFT_OUT)
  admin.close()
})
