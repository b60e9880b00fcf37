/** What is answered item by item: each has its own value, or its own error, beside what was asked for. */
import { ErrorCode } from '../../../protocol/index.js'
import { DriverError } from '../../port.js'
import { errorOfCode } from '../errors.js'

/** `error` is the item's own; the call rejects only for what concerns all items, such as a broker that can't be reached. */
export type Answer<Item, Value = unknown> = Item &
  ((Value & { readonly error?: undefined }) | { readonly error: DriverError })

/** The answers when none failed, like `all()` in Java. @throws DriverError the first that there is */
export function allOf<Item, Value>(answers: readonly Answer<Item, Value>[]): (Item & Value)[] {
  return answers.map((answer) => {
    const { error } = answer as { error?: DriverError }
    if (error) throw error
    return answer as Item & Value
  })
}

/** The value, unless the code says that there is none. */
export function valueOr<V>(
  code: number,
  at: Parameters<typeof errorOfCode>[1],
  detail: string | null | undefined,
  value: () => V,
): V | DriverError {
  return code === ErrorCode.NONE ? value() : errorOfCode(code, at, detail)
}

/** What was asked for, each with what it got. */
export function answers<Item extends object, Value extends object>(
  items: readonly Item[],
  got: readonly (Value | DriverError)[],
): Answer<Item, Value>[] {
  return items.map((item, index) => {
    const value = got[index]!
    return (value instanceof DriverError ? { ...item, error: value } : { ...item, ...value }) as Answer<Item, Value>
  })
}
