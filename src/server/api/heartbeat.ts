/** Keeps a member of a classic group alive. */
import { heartbeat } from '../../protocol/messages/index.js'
import type { Broker } from '../broker.js'
import { handler } from './handler.js'

export const heartbeatHandler = handler(heartbeat, ({ groups }: Pick<Broker, 'groups'>) => groups.heartbeat)
