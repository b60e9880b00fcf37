/** Deletes empty groups together with their offsets (KIP-229). */
import { deleteGroups } from '../../protocol/messages/index.js'
import type { Broker } from '../broker.js'
import { handler } from './handler.js'

export const deleteGroupsHandler = handler(deleteGroups, ({ groups }: Pick<Broker, 'groups'>) => groups.deleteGroups)
