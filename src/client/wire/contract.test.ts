/**
 * The driver contract on the wire driver: against the bundled broker, or the Kafka that KAFKA_BOOTSTRAP names. KAFKA_RESTART
 * is then a command that restarts it and keeps its data, e.g. `bash test/interop/kafka.sh start --keep --port 19092`.
 * KAFKA_LOG=debug shows what the driver says.
 */
import { exec } from 'node:child_process'
import { promisify } from 'node:util'
import * as vitest from 'vitest'
import { logTo, silentLog, type LogLevel } from '../../base/log.js'
import type { KafkaDriver } from '../port.js'
import { describeDriverContract, type DriverContractHarness } from '../../testing/driver-contract.js'
import { EmbeddedKafka } from '../../testing/embedded-kafka.js'
import { WIRE_CAPABILITIES, wireDriver } from './index.js'

const { KAFKA_BOOTSTRAP, KAFKA_RESTART, KAFKA_LOG } = process.env

const log = KAFKA_LOG
  ? logTo((level, message, fields) => console.log(level, message, fields), KAFKA_LOG as LogLevel)
  : silentLog

const driverOn = (bootstrapServers: string): KafkaDriver =>
  wireDriver({ bootstrapServers: bootstrapServers.split(','), clientId: 'contract' }, { log })

function realKafka(bootstrapServers: string): DriverContractHarness {
  return {
    capabilities: WIRE_CAPABILITIES,
    createDriver: () => driverOn(bootstrapServers),
    ...(KAFKA_RESTART && { restart: async () => void (await promisify(exec)(KAFKA_RESTART)) }),
  }
}

function bundledBroker(): DriverContractHarness {
  let broker: EmbeddedKafka | undefined
  return {
    capabilities: WIRE_CAPABILITIES,
    minSessionTimeoutMs: 100,
    start: async () => void (broker = await EmbeddedKafka.start()),
    stop: async () => broker?.stop(),
    createDriver: () => driverOn(broker!.bootstrapServers),
    restart: async () => broker!.restart(),
  }
}

if (KAFKA_BOOTSTRAP) describeDriverContract(vitest, `wire on ${KAFKA_BOOTSTRAP}`, realKafka(KAFKA_BOOTSTRAP))
else describeDriverContract(vitest, 'wire on the bundled broker', bundledBroker())
