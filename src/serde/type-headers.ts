/** The headers in which Spring's JSON serdes say what type a key or value is. */
import type { SerdeContext } from '../model/index.js'

/** Keys have names of their own, so that key and value may both say theirs. */
export function typeIdHeader({ isKey }: Pick<SerdeContext, 'isKey'>): string {
  return isKey ? '__Key_TypeId__' : '__TypeId__'
}
