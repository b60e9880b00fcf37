/** Joins a classic group; the answer waits for the group's rebalance. All of it is the group coordinator's. */
import { joinGroup } from '../../protocol/messages/index.js'
import type { Broker } from '../broker.js'
import { handler } from './handler.js'

export const joinGroupHandler = handler(joinGroup, ({ groups }: Pick<Broker, 'groups'>) => groups.joinGroup)
