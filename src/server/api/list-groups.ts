/** Groups that this broker coordinates. */
import { listGroups } from '../../protocol/messages/index.js'
import type { Broker } from '../broker.js'
import { handler } from './handler.js'

export const listGroupsHandler = handler(listGroups, ({ groups }: Pick<Broker, 'groups'>) => groups.listGroups)
