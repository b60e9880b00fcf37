/** Configs of topics, brokers, their loggers, groups and client-metrics subscriptions. */
import { messages } from '../../../protocol/index.js'
import { answers, valueOr, type Answer } from './answer.js'
import {
  alterConfigOpTypes,
  configResourceTypes,
  configSources,
  configTypes,
  type AlterConfigOpType,
  type ConfigResourceType,
  type ConfigSource,
  type ConfigType,
} from './codes.js'
import type { AdminRequests } from './requests.js'

export interface ConfigResource {
  readonly type: ConfigResourceType
  /** A broker's is its id; '' are the defaults of all brokers. */
  readonly name: string
}

export interface ConfigSynonym {
  readonly name: string
  readonly value: string | null
  readonly source: ConfigSource | 'UNKNOWN'
}

export interface ConfigEntry {
  readonly name: string
  /** null: not set, or not to be seen. */
  readonly value: string | null
  readonly source: ConfigSource | 'UNKNOWN'
  readonly isSensitive: boolean
  readonly isReadOnly: boolean
  readonly synonyms: readonly ConfigSynonym[]
  readonly type: ConfigType | 'UNKNOWN'
  readonly documentation: string | null
}

export interface AlterConfigOp {
  readonly name: string
  readonly value?: string | undefined
  /** Default 'SET'. APPEND and SUBTRACT are for lists. */
  readonly opType?: AlterConfigOpType | undefined
}

export type ConfigAlteration = ConfigResource & { readonly ops: readonly AlterConfigOp[] }

export function configAdmin(requests: AdminRequests) {
  return {
    async describeConfigs(
      resources: readonly ConfigResource[],
      options: {
        readonly includeSynonyms?: boolean | undefined
        readonly includeDocumentation?: boolean | undefined
      } = {},
    ): Promise<Answer<ConfigResource, { readonly configs: readonly ConfigEntry[] }>[]> {
      const { includeSynonyms = false, includeDocumentation = false } = options
      const got = await requests.each('DescribeConfigs', resources, {
        target: brokerOf,
        ask: async (peer, asked) => {
          const answer = await peer.send(messages.describeConfigs, (version) => ({
            resources: asked.map((each) => ({ ...resourceDraft(each), configurationKeys: null })),
            includeSynonyms,
            includeDocumentation: includeDocumentation && version >= 3,
          }))
          return asked.map((resource) => {
            const { errorCode, errorMessage, configs } = answerTo(resource, answer.results)
            return valueOr(errorCode, resource.name, errorMessage, () => ({ configs: configs.map(toConfigEntry) }))
          })
        },
      })
      return answers(resources, got)
    },

    /** Changes what is named, and leaves the rest. */
    async incrementalAlterConfigs(
      alterations: readonly ConfigAlteration[],
      options: { readonly validateOnly?: boolean | undefined } = {},
    ): Promise<Answer<ConfigResource>[]> {
      const { validateOnly = false } = options
      const got = await requests.each('IncrementalAlterConfigs', alterations, {
        target: brokerOf,
        ask: async (peer, asked) => {
          const answer = await peer.send(messages.incrementalAlterConfigs, {
            resources: asked.map((each) => ({ ...resourceDraft(each), configs: each.ops.map(opDraft) })),
            validateOnly,
          })
          return asked.map((resource) => {
            const { errorCode, errorMessage } = answerTo(resource, answer.responses)
            return valueOr(errorCode, resource.name, errorMessage, () => ({}))
          })
        },
      })
      return answers(
        alterations.map(({ type, name }) => ({ type, name })),
        got,
      )
    },

    /** Resources that have configs of their own. @param types default all */
    async listConfigResources(types: readonly ConfigResourceType[] = []): Promise<ConfigResource[]> {
      const answer = await requests.ask(messages.listConfigResources, (version) => ({
        resourceTypes: version === 0 ? [] : types.map(configResourceTypes.code),
      }))
      return answer.configResources.map(({ resourceName, resourceType }) => ({
        type: configResourceTypes.name(resourceType) as ConfigResourceType,
        name: resourceName,
      }))
    },
  }
}

/** A broker's own configs are asked of it; all others any broker knows. */
function brokerOf({ type, name }: ConfigResource): number | undefined {
  return (type === 'BROKER' && name !== '') || type === 'BROKER_LOGGER' ? Number(name) : undefined
}

const resourceDraft = ({ type, name }: ConfigResource) => ({
  resourceType: configResourceTypes.code(type),
  resourceName: name,
})

const opDraft = ({ name, value, opType = 'SET' }: AlterConfigOp) => ({
  name,
  value: value ?? null,
  configOperation: alterConfigOpTypes.code(opType),
})

function answerTo<A extends { resourceType: number; resourceName: string }>(
  { type, name }: ConfigResource,
  all: readonly A[],
): A {
  return all.find((each) => each.resourceType === configResourceTypes.code(type) && each.resourceName === name)!
}

interface ToldEntry {
  readonly name: string
  readonly value: string | null
  readonly readOnly: boolean
  readonly configSource: number
  readonly isSensitive: boolean
  readonly synonyms?: readonly { readonly name: string; readonly value: string | null; readonly source: number }[]
  readonly configType?: number
  readonly documentation?: string | null
}

export function toConfigEntry(told: ToldEntry): ConfigEntry {
  return {
    name: told.name,
    value: told.value,
    source: configSources.name(told.configSource),
    isSensitive: told.isSensitive,
    isReadOnly: told.readOnly,
    synonyms: (told.synonyms ?? []).map(({ name, value, source }) => ({
      name,
      value,
      source: configSources.name(source),
    })),
    type: configTypes.name(told.configType ?? 0),
    documentation: told.documentation ?? null,
  }
}
