/** The APIs that this broker serves, a line each. What is advertised, dispatched and tested derives from this list. */
import { apiVersionsHandler } from './api-versions.js'
import { createTopicsHandler } from './create-topics.js'
import { deleteTopicsHandler } from './delete-topics.js'
import { describeClusterHandler } from './describe-cluster.js'
import { describeConfigsHandler } from './describe-configs.js'
import type { Handler } from './handler.js'
import { metadataHandler } from './metadata.js'

export const handlers: readonly Handler[] = [
  apiVersionsHandler(() => handlers.map(({ api }) => api)),
  metadataHandler,
  createTopicsHandler,
  deleteTopicsHandler,
  describeClusterHandler,
  describeConfigsHandler,
]
