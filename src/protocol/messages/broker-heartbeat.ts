/**
 * A broker shows the controller that it lives and how far it has read the metadata; asks to be fenced or to shut down
 * (KIP-631).
 * v1 offline log directories (KIP-858) · v2 cordoned log directories (KIP-1066).
 */
import { api, array, bool, int16, int32, int64, uuid } from '../schema/index.js'

export const brokerHeartbeat = api({
  key: 63,
  name: 'BrokerHeartbeat',
  versions: [0, 2],
  flexible: 0,
  request: {
    brokerId: int32,
    brokerEpoch: int64.default(-1),
    currentMetadataOffset: int64,
    wantFence: bool,
    wantShutDown: bool,
    offlineLogDirs: array(uuid).since(1).tagged(0),
    cordonedLogDirs: array(uuid).since(2).nullable().default(null).tagged(1),
  },
  response: {
    throttleTimeMs: int32.default(0),
    errorCode: int16,
    isCaughtUp: bool.default(false),
    isFenced: bool.default(true),
    shouldShutDown: bool,
  },
})
