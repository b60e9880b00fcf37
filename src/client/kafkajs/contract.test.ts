/** The driver contract on kafkajs, against a real Kafka when KAFKA_BOOTSTRAP names one. */
import * as vitest from 'vitest'
import { logTo, silentLog } from '../../base/log.js'
import { describeDriverContract } from '../../testing/driver-contract.js'
import { KAFKAJS_CAPABILITIES, kafkajsDriver } from './index.js'

const bootstrap = process.env['KAFKA_BOOTSTRAP']
const log = process.env['KAFKA_LOG']
  ? logTo((level, message, fields) => console.log(level, message, fields), 'debug')
  : silentLog

vitest.describe.skipIf(bootstrap === undefined)('real Kafka', () => {
  describeDriverContract(vitest, `kafkajs on ${bootstrap}`, {
    capabilities: KAFKAJS_CAPABILITIES,
    createDriver: () => kafkajsDriver({ bootstrapServers: bootstrap!.split(','), clientId: 'contract' }, { log }),
  })
})
