/**
 * Settings of topics, brokers, broker loggers, groups and client-metrics subscriptions, with where each came from.
 * v1 synonyms and source (KIP-226) · v3 type and documentation (KIP-569).
 */
import { api, array, arrayOf, bool, int16, int32, int8, string } from '../schema/index.js'

export const describeConfigs = api({
  key: 32,
  name: 'DescribeConfigs',
  versions: [1, 4],
  flexible: 4,
  request: {
    resources: arrayOf({
      resourceType: int8,
      resourceName: string,
      configurationKeys: array(string).nullable(),
    }),
    includeSynonyms: bool.default(false),
    includeDocumentation: bool.since(3),
  },
  response: {
    throttleTimeMs: int32.default(0),
    results: arrayOf({
      errorCode: int16,
      errorMessage: string.nullable(),
      resourceType: int8,
      resourceName: string,
      configs: arrayOf({
        name: string,
        value: string.nullable(),
        readOnly: bool,
        configSource: int8.default(-1),
        isSensitive: bool,
        synonyms: arrayOf({ name: string, value: string.nullable(), source: int8 }),
        configType: int8.since(3).ignorable(),
        documentation: string.since(3).nullable().ignorable(),
      }),
    }),
  },
})
