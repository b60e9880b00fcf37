/**
 * `@Transactional()` on a method: what it sends by its object's template, and all that it awaits sends, is committed
 * together when it resolves, and not at all when it rejects. Spring's annotation with a `KafkaTransactionManager` and
 * propagation REQUIRED.
 *
 * The one decorator that wraps the method and not only writes down what is to be done: a call from one object to another
 * passes no container. So it holds however the object was made, by whichever container or by `new`, and for calls of the
 * object to itself.
 */
import { KafkaError } from '../../model/index.js'
import { KafkaTemplate, type TransactionOptions } from '../template/kafka-template.js'

/** Gives the template of the object that the method belongs to. */
export type TemplateOf<This> = (self: This) => Pick<KafkaTemplate, 'joinTransaction'>

/** A method that gives a promise: a transaction can't end before what is done in it has. */
type Asynchronous = (...args: never[]) => Promise<unknown>
type TransactionalDecorator<This> = <M extends Asynchronous>(
  target: This,
  methodName: string | symbol,
  descriptor: TypedPropertyDescriptor<M>,
) => void

/**
 * Of the object's template: the only property of it that holds a transactional one. Of several, or one that no property
 * holds, it is told which: `@Transactional((it: Transfers) => it.ledger)`.
 *
 * A transaction of that template which runs already is joined: another such method's, `executeInTransaction`'s, or the
 * listener's. What is thrown then leaves it to be rolled back, whoever catches it. Errors are those of
 * `KafkaTemplate.joinTransaction`; and a KafkaError of kind `config` when the object has no such template, or several.
 *
 * `timeoutMs` of the options counts for a transaction that begins here. Default `producer.transactionTimeoutMs`.
 */
export function Transactional(options?: TransactionOptions): TransactionalDecorator<object>
export function Transactional<This extends object>(
  template: TemplateOf<This>,
  options?: TransactionOptions,
): TransactionalDecorator<This>
export function Transactional<This extends object>(
  first: TemplateOf<This> | TransactionOptions = {},
  second: TransactionOptions = {},
): TransactionalDecorator<This> {
  const [templateOf, options] = typeof first === 'function' ? [first, second] : [undefined, first]
  return (target, methodName, descriptor: PropertyDescriptor) => {
    const isStatic = typeof target === 'function'
    const where = `@Transactional on ${(isStatic ? target : target.constructor).name}.${String(methodName)}`
    const method = descriptor.value as Method<This> | undefined
    if (isStatic || typeof method !== 'function') {
      throw new KafkaError('config', `${where}: it is for a method of an instance, not for a static one or an accessor`)
    }
    descriptor.value = dressedAs(method, async function (this: This, ...args) {
      const template = templateOf === undefined ? onlyTemplate(this, where) : templateOf(this)
      return template.joinTransaction(() => method.apply(this, args), options)
    })
  }
}

type Method<This> = (this: This, ...args: unknown[]) => Promise<unknown>

/** What others have written on the method, or read from it, is found on what stands in its place. */
function dressedAs<This>(method: Method<This>, wrapper: Method<This>): Method<This> {
  Object.setPrototypeOf(wrapper, method)
  for (const property of ['name', 'length'] as const) {
    Object.defineProperty(wrapper, property, { value: method[property], configurable: true })
  }
  return wrapper
}

function onlyTemplate(self: object, where: string): KafkaTemplate {
  const templates = new Set(
    Object.values(self).filter((each): each is KafkaTemplate => each instanceof KafkaTemplate && each.isTransactional),
  )
  const [template] = templates
  if (template !== undefined && templates.size === 1) return template
  const found = templates.size === 0 ? 'no transactional template' : `${templates.size} transactional templates`
  throw new KafkaError(
    'config',
    `${where}: the object has ${found} among its properties; say which it is, as in @Transactional((it) => it.kafka)`,
  )
}
