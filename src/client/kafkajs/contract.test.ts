/**
 * The driver contract on kafkajs, against a real Kafka when KAFKA_BOOTSTRAP names one. KAFKA_RESTART is a command that
 * restarts it and keeps its data, e.g. `bash test/interop/kafka.sh start --keep --port 19092`.
 */
import { exec } from 'node:child_process'
import { promisify } from 'node:util'
import * as vitest from 'vitest'
import { logTo, silentLog } from '../../base/log.js'
import { describeDriverContract } from '../../testing/driver-contract.js'
import { KAFKAJS_CAPABILITIES, kafkajsDriver } from './index.js'

const bootstrap = process.env['KAFKA_BOOTSTRAP']
const restart = process.env['KAFKA_RESTART']
const log = process.env['KAFKA_LOG']
  ? logTo((level, message, fields) => console.log(level, message, fields), 'debug')
  : silentLog

vitest.describe.skipIf(bootstrap === undefined)('real Kafka', () => {
  describeDriverContract(vitest, `kafkajs on ${bootstrap}`, {
    capabilities: KAFKAJS_CAPABILITIES,
    createDriver: () => kafkajsDriver({ bootstrapServers: bootstrap!.split(','), clientId: 'contract' }, { log }),
    ...(restart && { restart: async () => void (await promisify(exec)(restart)) }),
  })
})
