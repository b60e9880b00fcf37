/**
 * Options that take an instance also take a class or a token, which the application's container resolves.
 * Without a container a class is constructed with no arguments, and a token is a start error that says so.
 */
import { KafkaError } from '../../model/index.js'

/** A class whose constructor takes what its container gives. */
export type Class<T> = new (...args: never[]) => T
/** An instance, or what names one: its class, or a token (symbol, string) of the container in use. */
export type Ref<T extends object> = T | Class<T> | symbol | string

/** The container's side: gives the instance for a class or token. */
export interface Resolver {
  resolve(token: Class<object> | symbol | string): unknown
}

export function isClass(value: unknown): value is Class<object> {
  return typeof value === 'function' && /^class[\s{]/.test(Function.prototype.toString.call(value))
}

/** `what` names the option in messages. */
export async function resolveReference<T extends object>(
  reference: Ref<T>,
  resolver: Resolver,
  what: string,
): Promise<T> {
  if (typeof reference !== 'symbol' && typeof reference !== 'string' && !isClass(reference)) return reference as T
  const instance = await resolver.resolve(reference)
  if ((typeof instance === 'object' && instance !== null) || typeof instance === 'function') return instance as T
  throw new KafkaError('config', `${what}: the container gave no instance for ${referenceName(reference)}`)
}

export function referenceName(reference: Class<object> | symbol | string): string {
  return typeof reference === 'function' ? reference.name : String(reference)
}

/** No framework: classes with a constructor that needs nothing. */
export const plainResolver: Resolver = {
  resolve(token) {
    if (typeof token !== 'function') {
      throw new KafkaError(
        'config',
        `${String(token)} is a container's token, and there is no container here: pass the instance instead`,
      )
    }
    if (token.length > 0) {
      throw new KafkaError('config', `${token.name} needs constructor arguments: pass an instance instead of the class`)
    }
    return new token()
  },
}
