/**
 * From a listener's host to the function that its container calls.
 *
 * A listener without enhancers on a singleton is called as directly as without Nest. Guards, interceptors, pipes and
 * request scope go through Nest's own external context, with `context.getType() === 'kafka'` and arguments `(payload, ctx)`.
 * Global enhancers, written for HTTP as they mostly are, stay out unless asked for.
 *
 * Filters are told of an error and never swallow it: what becomes of a failed record is the error handler's to decide.
 */
import 'reflect-metadata'
import { UseFilters, UseGuards, UseInterceptors, UsePipes } from '@nestjs/common'
import { ContextIdFactory, ExternalContextCreator, ModuleRef, NestContainer } from '@nestjs/core'
import type { ApplicationConfig, ContextId, ModulesContainer } from '@nestjs/core'
import { EMPTY, isObservable, lastValueFrom } from 'rxjs'
import { argumentsFor, methodHandler, type Delivered, type ListenerMetadata } from '../messaging/index.js'
import type { ListenerHost } from './listener-explorer.js'
import { customIndexes, customParameters } from './look-alikes.js'

type Callback = (...args: unknown[]) => unknown

const CONTEXT_TYPE = 'kafka'
/** Under this the payload's place is kept for Nest to find; `3` is what Nest calls a body, so pipes are told 'body'. */
const PAYLOAD_KEY = 'kts-kafka:payload'
/** And under this what `createParamDecorator`'s decorators left. */
const CUSTOM_KEY = 'kts-kafka:custom'
const BODY = 3

/** Which metadata an enhancer's decorator leaves: found by using it, since the keys' names are not public. */
function keyOf(decorator: (type: abstract new () => object) => void): unknown {
  class Probe {}
  decorator(Probe)
  return Reflect.getOwnMetadataKeys(Probe)[0]
}
const noop = { canActivate: () => true, intercept: () => EMPTY, transform: () => undefined, catch: () => undefined }
const FILTERS = keyOf(UseFilters(noop))
const ENHANCERS = [keyOf(UseGuards(noop)), keyOf(UseInterceptors(noop)), keyOf(UsePipes(noop)), FILTERS]

/** What Nest's external context asks of a container: the application's modules, and which enhancers are global. */
class ListenerContainer extends NestContainer {
  constructor(
    config: ApplicationConfig | undefined,
    private readonly applicationModules: ModulesContainer,
  ) {
    super(config)
  }

  override getModules(): ModulesContainer {
    return this.applicationModules
  }
}

export class ListenerInvoker {
  // Nest 11 remembers a method's metadata once for each creator, whatever was asked, hence one for each question
  private readonly calls: ExternalContextCreator
  private readonly pipes: ExternalContextCreator
  private readonly customs: ExternalContextCreator
  private readonly filters: ExternalContextCreator

  /** Without `globals` no global enhancer takes part. */
  constructor(
    modules: ModulesContainer,
    private readonly globals: ApplicationConfig | undefined,
  ) {
    const creator = (): ExternalContextCreator =>
      ExternalContextCreator.fromContainer(new ListenerContainer(globals, modules))
    this.calls = creator()
    this.pipes = creator()
    this.customs = creator()
    this.filters = creator()
  }

  handlerFor(host: ListenerHost, listener: ListenerMetadata): Delivered {
    if (!host.wrapper.isDependencyTreeStatic()) return this.perDelivery(host, listener)
    const instance = host.wrapper.instance as object
    if (this.globals === undefined && !isEnhanced(host, listener))
      return awaitingObservables(methodHandler(instance, listener))
    return this.inContext(host, listener, instance)
  }

  /** Request scope: an instance, and enhancers, for each attempt; `REQUEST` injects the listener's context. */
  private perDelivery(host: ListenerHost, listener: ListenerMetadata): Delivered {
    const moduleRef = moduleRefOf(host)
    return async (payload, ctx) => {
      const contextId = ContextIdFactory.getByRequest(ctx)
      moduleRef.registerRequestByContextId(ctx, contextId)
      const instance = await moduleRef.resolve<object>(host.wrapper.token as string, contextId, { strict: true })
      return this.inContext(host, listener, instance, contextId)(payload, ctx)
    }
  }

  private inContext(
    host: ListenerHost,
    listener: ListenerMetadata,
    instance: object,
    contextId?: ContextId,
  ): Delivered {
    const name = listener.methodName as string
    const method = (instance as Record<string, Callback>)[name]!
    const others = customIndexes(host.type, name)
    const argumentsOf = argumentsFor(listener, method.length, `${host.type.name}.${name}`, others)
    const target = { host, instance, name, method, contextId }
    const pipePayload = this.pipedPayload(target, listener)
    const customs = others.length === 0 ? undefined : this.customValues(target)
    const call = dressedAs(method, async (payload, ctx) => {
      const args = argumentsOf(payload, ctx as Parameters<Delivered>[1])
      await pipePayload(args)
      const values = (await customs?.(payload, ctx)) as unknown[] | undefined
      for (const index of others) args[index] = values?.[index]
      return method.apply(instance, args)
    })
    const run = inNest(this.calls, target, call, { guards: true, interceptors: true })
    if (this.globals === undefined && !hasMetadata(FILTERS, host, method)) return run
    const tellFilters = this.toldFilters(target)
    return async (payload, ctx) => {
      try {
        return (await run(payload, ctx)) as unknown
      } catch (error) {
        await tellFilters(payload, ctx, error).catch(() => {})
        throw error
      }
    }
  }

  /** Pipes of the method and its class run on the payload, and on nothing else: a schema has no business with a context. */
  private pipedPayload(target: Target, { parameters }: ListenerMetadata): (args: unknown[]) => Promise<void> {
    const { instance, name, method } = target
    const index = parameters === undefined ? 0 : parameters.findIndex(({ kind }) => kind === 'payload')
    if (index === -1) return async () => {}
    const place = { [`${BODY}:${index}`]: { index, data: undefined, pipes: [] } }
    Reflect.defineMetadata(PAYLOAD_KEY, place, instance.constructor, name)
    const run = inNest(
      this.pipes,
      target,
      dressedAs(method, (...piped) => piped[index]),
      {
        parameters: PAYLOAD_KEY,
        valueOf: (_type, _data, [args]) => (args as unknown[])[index],
      },
    )
    return async (args) => void (args[index] = await run(args))
  }

  /** Of the decorators that the application made; their pipes, and the method's, run on what they give, as on a controller. */
  private customValues(target: Target): (...args: unknown[]) => Promise<unknown> {
    const { host, instance, name, method } = target
    Reflect.defineMetadata(CUSTOM_KEY, customParameters(host.type, name), instance.constructor, name)
    return inNest(
      this.customs,
      target,
      dressedAs(method, (...values) => values),
      {
        parameters: CUSTOM_KEY,
        valueOf: () => undefined,
      },
    )
  }

  private toldFilters(target: Target): (...args: unknown[]) => Promise<unknown> {
    const rethrow = dressedAs(target.method, (_payload, _ctx, error) => {
      throw error
    })
    return inNest(this.filters, target, rethrow, { filters: true })
  }
}

/** A method of a listener's instance; with a context id, of one delivery's. */
interface Target {
  readonly host: ListenerHost
  readonly instance: object
  readonly name: string
  readonly method: Callback
  readonly contextId: ContextId | undefined
}

/** What of Nest's external context a call goes through. */
interface Through {
  readonly guards?: boolean
  readonly interceptors?: boolean
  readonly filters?: boolean
  /** The metadata key under which its parameters, with their pipes, are described. */
  readonly parameters?: string
  /** Gives them their values. */
  readonly valueOf?: (type: number, data: unknown, args: unknown[]) => unknown
}

function inNest(
  creator: ExternalContextCreator,
  { host, instance, name, contextId }: Target,
  call: Callback,
  { guards = false, interceptors = false, filters = false, parameters, valueOf }: Through,
): (...args: unknown[]) => Promise<unknown> {
  return creator.create(
    instance,
    call,
    name,
    parameters,
    valueOf && { exchangeKeyForValue: valueOf },
    contextId,
    inquirer(host, contextId),
    { guards, interceptors, filters },
    CONTEXT_TYPE,
  )
}

/** `context.getHandler()` gives the function that Nest calls: it carries the name and the metadata of the user's method. */
function dressedAs(method: Callback, call: Callback): Callback {
  for (const key of Reflect.getMetadataKeys(method) as unknown[]) {
    Reflect.defineMetadata(key, Reflect.getMetadata(key, method), call)
  }
  return Object.defineProperty(call, 'name', { value: method.name })
}

function isEnhanced(host: ListenerHost, { methodName }: ListenerMetadata): boolean {
  const method = (host.wrapper.instance as Record<string | symbol, Callback>)[methodName]!
  if (customIndexes(host.type, methodName).length > 0) return true
  return ENHANCERS.some((key) => hasMetadata(key, host, method))
}

const hasMetadata = (key: unknown, host: ListenerHost, method: Callback): boolean =>
  Reflect.hasMetadata(key, host.type) || Reflect.hasMetadata(key, method)

/** Nest finds request-scoped enhancers by the wrapper that they belong to. */
const inquirer = (host: ListenerHost, contextId: ContextId | undefined): string | undefined =>
  contextId === undefined ? undefined : host.wrapper.id

/** Each module has a `ModuleRef` of its own, which finds what that module holds. */
const moduleRefOf = ({ module }: ListenerHost): ModuleRef => module.providers.get(ModuleRef)!.instance as ModuleRef

function awaitingObservables(handler: Delivered): Delivered {
  return (payload, ctx) => {
    const result = handler(payload, ctx)
    return isObservable(result) ? lastValueFrom(result, { defaultValue: undefined }) : result
  }
}
