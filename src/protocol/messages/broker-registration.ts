/**
 * A broker registers with the controller, which hands out its epoch (KIP-631).
 * v1 flag of a migrating ZooKeeper broker · v2 log directories (KIP-858) · v3 the previous epoch, to tell a clean
 * restart (KIP-966) · v4 feature level 0 (KAFKA-17011).
 */
import { api, array, arrayOf, bool, int16, int32, int64, string, uint16, uuid } from '../schema/index.js'

export const brokerRegistration = api({
  key: 62,
  name: 'BrokerRegistration',
  versions: [0, 4],
  flexible: 0,
  request: {
    brokerId: int32,
    clusterId: string,
    incarnationId: uuid,
    listeners: arrayOf({ name: string, host: string, port: uint16, securityProtocol: int16 }),
    features: arrayOf({ name: string, minSupportedVersion: int16, maxSupportedVersion: int16 }),
    rack: string.nullable(),
    isMigratingZkBroker: bool.since(1),
    logDirs: array(uuid).since(2).ignorable(),
    previousBrokerEpoch: int64.since(3).default(-1).ignorable(),
  },
  response: {
    throttleTimeMs: int32.default(0),
    errorCode: int16,
    brokerEpoch: int64.default(-1),
  },
})
