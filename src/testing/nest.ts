/**
 * `kts-kafka/testing/nest`: a NestJS application pointed at another Kafka, an embedded broker most often.
 *
 * ```ts
 * const builder = Test.createTestingModule({ imports: [AppModule] })
 * const app = await overrideKafka(builder, { bootstrapServers: broker.bootstrapServers }).compile()
 * ```
 */
import type { KafkaConfig } from '../messaging/index.js'
import { KAFKA_OVERRIDES } from '../nest/index.js'

/** The part of `TestingModuleBuilder` that is needed, so that `@nestjs/testing` is the application's own. */
export interface OverridableModule<B> {
  overrideProvider(token: unknown): { useValue(value: unknown): B }
}

/** Lays these options over those of every `KafkaModule.forRoot` of the application. Gives the builder. */
export function overrideKafka<B extends OverridableModule<B>>(builder: B, overrides: Partial<KafkaConfig>): B {
  return builder.overrideProvider(KAFKA_OVERRIDES).useValue(overrides)
}
