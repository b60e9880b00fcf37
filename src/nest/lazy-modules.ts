/**
 * Modules that are loaded after the start, with the listeners in them. Nest's `LazyModuleLoader` calls no hooks on what it
 * loads, so nothing in such a module can tell that it is there: whoever loads it does.
 */
import { Inject, Injectable } from '@nestjs/common'
import { LazyModuleLoader, ModuleRef, ModulesContainer } from '@nestjs/core'
import { KafkaWiring } from './lifecycle.js'
import type { NestModule } from './listener-explorer.js'

/** Loads a module after the start, and starts the listeners in it. */
@Injectable()
export class KafkaLazyModuleLoader {
  constructor(
    @Inject(LazyModuleLoader) private readonly loader: LazyModuleLoader,
    @Inject(ModulesContainer) private readonly modules: ModulesContainer,
    @Inject(KafkaWiring) private readonly wiring: KafkaWiring,
  ) {}

  /**
   * As Nest's `LazyModuleLoader.load`, with the same arguments. Then `@KafkaListener` methods and topics of the module, and
   * of those that it imports, are found as at the start: topics are created, and it resolves when the listeners run. They
   * are drained with all others when the application closes; hooks of their own Nest does not call. Again for the same
   * module: no effect.
   *
   * Rejects as Nest's does; and with a KafkaError of kind `config` that lists what is wrong with the listeners.
   */
  async load(...args: Parameters<LazyModuleLoader['load']>): Promise<ModuleRef> {
    const loaded = await this.loader.load(...args)
    await this.wiring.wireLate(withImports(this.moduleOf(loaded)))
    return loaded
  }

  /** Each module has a `ModuleRef` of its own. */
  private moduleOf(moduleRef: ModuleRef): NestModule {
    return [...this.modules.values()].find(({ providers }) => providers.get(ModuleRef)?.instance === moduleRef)!
  }
}

function withImports(module: NestModule): readonly NestModule[] {
  const found = new Set([module])
  // grows while it is gone through
  for (const each of found) for (const imported of each.imports) found.add(imported as NestModule)
  return [...found]
}
