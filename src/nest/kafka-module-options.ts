/** What `KafkaModule.forRoot` and `forRootAsync` take: the configuration, and a few things of Nest's. */
import type { ModuleMetadata, Type } from '@nestjs/common'
import type { Env, KafkaConfig, KafkaServices } from '../messaging/index.js'

export interface KafkaModuleOptions extends KafkaConfig, Pick<KafkaServices, 'clock' | 'random' | 'log'> {
  /** What `(env) => …` options read. Default: the application's `ConfigService` when it has one, else the environment. */
  env?: Env | undefined
  /** Let guards, interceptors, pipes and filters that are bound globally take part in listeners. Default false. */
  globalEnhancers?: boolean | undefined
}

export interface KafkaOptionsFactory {
  createKafkaOptions(): KafkaModuleOptions | Promise<KafkaModuleOptions>
}

export interface KafkaModuleAsyncOptions extends Pick<ModuleMetadata, 'imports'> {
  /** The cluster's name, needed before the configuration is there. Default `'default'`. */
  name?: string | undefined
  /** Names of the configuration's `templates`, for `@InjectKafkaTemplate(name)`; needed here for the same reason. */
  templates?: readonly string[] | undefined
  // Nest's own form of async options: arguments are whatever `inject` names
  // oxlint-disable-next-line typescript/no-explicit-any
  useFactory?: ((...args: any[]) => KafkaModuleOptions | Promise<KafkaModuleOptions>) | undefined
  inject?: readonly unknown[] | undefined
  useClass?: Type<KafkaOptionsFactory> | undefined
  useExisting?: Type<KafkaOptionsFactory> | undefined
}
