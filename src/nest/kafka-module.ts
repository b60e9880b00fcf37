/**
 * `KafkaModule`: Spring Boot's auto-configuration, for NestJS 11 and 12. Import `forRoot` (or `forRootAsync`) once for each
 * cluster, in the root module; everything that it gives is global. Listeners are found wherever they are provided.
 */
import { Module } from '@nestjs/common'
import type { DynamicModule, FactoryProvider, Provider } from '@nestjs/common'
import { ModuleRef, ModulesContainer } from '@nestjs/core'
import {
  kafka,
  KafkaAdmin,
  KafkaListenerEndpointRegistry,
  KafkaTemplate,
  processEnv,
  referenceName,
  type Env,
  type KafkaConfig,
  type KafkaRuntime,
  type Resolver,
} from '../messaging/index.js'
import { KafkaError, type Topic } from '../model/index.js'
import { FeatureTopics } from './feature-topics.js'
import { KafkaClusters } from './kafka-clusters.js'
import { KafkaHealthIndicator } from './kafka-health-indicator.js'
import type { KafkaModuleAsyncOptions, KafkaModuleOptions, KafkaOptionsFactory } from './kafka-module-options.js'
import { KafkaLazyModuleLoader } from './lazy-modules.js'
import { KafkaListening, KafkaWiring } from './lifecycle.js'
import { nestLog } from './nest-log.js'
import {
  DEFAULT_CLUSTER,
  getKafkaOptionsToken,
  getKafkaTemplateToken,
  getKafkaToken,
  KAFKA_OVERRIDES,
} from './tokens.js'

/** Starts first, stops last. Static, so that there is one however many clusters there are. */
@Module({
  providers: [
    KafkaClusters,
    KafkaWiring,
    KafkaHealthIndicator,
    KafkaLazyModuleLoader,
    { provide: KAFKA_OVERRIDES, useValue: {} },
  ],
  exports: [KafkaClusters, KafkaHealthIndicator, KafkaLazyModuleLoader, KAFKA_OVERRIDES],
})
class KafkaWiringModule {}

/** Starts last, stops first. */
@Module({ imports: [KafkaWiringModule], providers: [KafkaListening] })
class KafkaListeningModule {}

@Module({})
class KafkaFeatureModule {}

/** Import `forRoot` or `forRootAsync` once for each cluster, in the root module. */
@Module({})
export class KafkaModule {
  /** Throws a KafkaError of kind `config` when the application starts, listing everything wrong with the options. */
  static forRoot(options: KafkaModuleOptions): DynamicModule {
    const name = options.name ?? DEFAULT_CLUSTER
    return clusterModule(name, Object.keys(options.templates ?? {}), [
      { provide: getKafkaOptionsToken(name), useValue: options },
    ])
  }

  /** As `forRoot`, with options from a factory or class. Throws a KafkaError of kind `config` when there is none. */
  static forRootAsync(options: KafkaModuleAsyncOptions): DynamicModule {
    const name = options.name ?? DEFAULT_CLUSTER
    const module = clusterModule(name, options.templates ?? [], asyncOptions(options, getKafkaOptionsToken(name)))
    return { ...module, imports: [...(options.imports ?? []), ...(module.imports ?? [])] }
  }

  /** Declares topics beside the feature that owns them; they are created when the application starts. */
  static forFeature(topics: readonly Topic<unknown, unknown>[], cluster: string = DEFAULT_CLUSTER): DynamicModule {
    const declared = new FeatureTopics(topics, cluster)
    const names = topics.map(({ name }) => name).join(', ')
    return {
      module: KafkaFeatureModule,
      providers: [{ provide: `KafkaTopics(${cluster}: ${names})`, useValue: declared }],
    }
  }
}

function clusterModule(name: string, templates: readonly string[], options: Provider[]): DynamicModule {
  const runtime: FactoryProvider = {
    provide: getKafkaToken(name),
    inject: [getKafkaOptionsToken(name), KAFKA_OVERRIDES, KafkaClusters, ModuleRef, ModulesContainer],
    useFactory: (
      given: KafkaModuleOptions,
      overrides: Partial<KafkaConfig>,
      clusters: KafkaClusters,
      moduleRef: ModuleRef,
      modules: ModulesContainer,
    ) => {
      const cluster = createRuntime(name, { ...given, ...overrides }, moduleRef, modules)
      clusters.add({ name, runtime: cluster, options: given })
      return cluster
    },
  }
  const of = (
    provide: FactoryProvider['provide'],
    useFactory: (runtime: KafkaRuntime) => unknown,
  ): FactoryProvider => ({
    provide,
    inject: [getKafkaToken(name)],
    useFactory,
  })
  const parts = [
    of(getKafkaTemplateToken(undefined, name), ({ template }) => template),
    ...templates.map((template) => of(getKafkaTemplateToken(template, name), (kafka) => kafka.templateNamed(template))),
  ]
  if (name === DEFAULT_CLUSTER) {
    parts.push(
      of(KafkaTemplate, ({ template }) => template),
      of(KafkaListenerEndpointRegistry, ({ registry }) => registry),
      of(KafkaAdmin, ({ admin }) => admin),
    )
  }
  return {
    module: KafkaModule,
    global: true,
    imports: [KafkaWiringModule, KafkaListeningModule],
    providers: [...options, runtime, ...parts],
    exports: [getKafkaToken(name), ...parts.map(({ provide }) => provide), KafkaWiringModule],
  }
}

function createRuntime(
  name: string,
  options: KafkaModuleOptions,
  moduleRef: ModuleRef,
  modules: ModulesContainer,
): KafkaRuntime {
  const { env, globalEnhancers: _, log, clock, random, ...config } = options
  if (config.name !== undefined && config.name !== name) {
    throw new KafkaError('config', `forRootAsync has name '${name}' and its options '${config.name}': make them agree`)
  }
  return kafka(
    { ...config, name },
    {
      log: log ?? nestLog(),
      clock,
      random,
      env: env ?? applicationEnv(modules),
      resolver: nestResolver(moduleRef),
    },
  )
}

function nestResolver(moduleRef: ModuleRef): Resolver {
  return {
    resolve(token) {
      try {
        return moduleRef.get<unknown>(token, { strict: false })
      } catch (error) {
        const what = referenceName(token)
        throw new KafkaError('config', `${what} is not a provider of this application: add it to a module`, {
          cause: error,
        })
      }
    },
  }
}

/** `@nestjs/config`'s service when the application has it, found by name so that it need not be installed. */
function applicationEnv(modules: ModulesContainer): Env {
  return {
    get(variable) {
      for (const { providers } of modules.values()) {
        for (const { name, instance } of providers.values()) {
          if (name === 'ConfigService' && isEnv(instance)) return instance.get(variable)
        }
      }
      return processEnv.get(variable)
    },
  }
}

const isEnv = (instance: unknown): instance is Env =>
  typeof instance === 'object' && instance !== null && 'get' in instance && typeof instance.get === 'function'

function asyncOptions(options: KafkaModuleAsyncOptions, provide: string): Provider[] {
  const { useFactory, inject, useClass, useExisting } = options
  if (useFactory !== undefined)
    return [{ provide, useFactory, inject: [...(inject ?? [])] as FactoryProvider['inject'] & [] }]
  const factory = useClass ?? useExisting
  if (factory === undefined) {
    throw new KafkaError('config', 'KafkaModule.forRootAsync needs one of useFactory, useClass or useExisting')
  }
  const created = { provide, inject: [factory], useFactory: (it: KafkaOptionsFactory) => it.createKafkaOptions() }
  return useClass === undefined ? [created] : [useClass, created]
}
