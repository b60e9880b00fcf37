/** Resource types as Kafka numbers them; apart from these, nothing has configs. */
export const ResourceType = { topic: 2, broker: 4, brokerLogger: 8, clientMetrics: 16, group: 32 } as const
