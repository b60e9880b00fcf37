/** A controller makes its endpoints and features known to the active controller (KIP-919). */
import { api, arrayOf, bool, int16, int32, string, uint16, uuid } from '../schema/index.js'

export const controllerRegistration = api({
  key: 70,
  name: 'ControllerRegistration',
  versions: [0, 0],
  flexible: 0,
  request: {
    controllerId: int32,
    incarnationId: uuid,
    zkMigrationReady: bool,
    listeners: arrayOf({ name: string, host: string, port: uint16, securityProtocol: int16 }),
    features: arrayOf({ name: string, minSupportedVersion: int16, maxSupportedVersion: int16 }),
  },
  response: {
    throttleTimeMs: int32.default(0),
    errorCode: int16,
    errorMessage: string.nullable(),
  },
})
