/** What `KafkaModule.forRoot` and `forRootAsync` take: the configuration, and a few things of Nest's. */
import type { ModuleMetadata, Type } from '@nestjs/common'
import type { Env, KafkaConfig, KafkaServices } from '../messaging/index.js'

/** The configuration of a cluster, and what Nest adds. */
export interface KafkaModuleOptions extends KafkaConfig, Pick<KafkaServices, 'clock' | 'random' | 'log'> {
  /** What `(env) => …` options read. Default: the application's `ConfigService` when it has one, else the environment. */
  env?: Env | undefined
  /** Let guards, interceptors, pipes and filters that are bound globally take part in listeners. Default false. */
  globalEnhancers?: boolean | undefined
}

/** For `useClass` and `useExisting`. */
export interface KafkaOptionsFactory {
  createKafkaOptions(): KafkaModuleOptions | Promise<KafkaModuleOptions>
}

/** Of `forRootAsync`: one of `useFactory`, `useClass`, `useExisting`. */
export interface KafkaModuleAsyncOptions extends Pick<ModuleMetadata, 'imports'> {
  /** The cluster's name, needed before the configuration is there. Default `'default'`. */
  name?: string | undefined
  /** Names of the configuration's `templates`, for `@InjectKafkaTemplate(name)`; needed here for the same reason. */
  templates?: readonly string[] | undefined
  // Nest's own form of async options: arguments are whatever `inject` names
  // oxlint-disable-next-line typescript/no-explicit-any
  useFactory?: ((...args: any[]) => KafkaModuleOptions | Promise<KafkaModuleOptions>) | undefined
  /** What `useFactory` is called with. */
  inject?: readonly unknown[] | undefined
  /** Made for this; `useExisting` takes one that is provided elsewhere. */
  useClass?: Type<KafkaOptionsFactory> | undefined
  useExisting?: Type<KafkaOptionsFactory> | undefined
}
