/** Takes members out of a classic group. */
import { leaveGroup } from '../../protocol/messages/index.js'
import type { Broker } from '../broker.js'
import { handler } from './handler.js'

export const leaveGroupHandler = handler(leaveGroup, ({ groups }: Pick<Broker, 'groups'>) => groups.leaveGroup)
