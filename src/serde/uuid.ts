/** UUIDs in the form of Kafka's Java `UUIDSerializer`: the 36-character text, UTF-8. */
import type { Serde } from '../model/index.js'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** Read in lower case, as Java prints them. */
export function uuid(): Serde<string> {
  const checked = (text: string): string => {
    const lower = text.toLowerCase()
    if (!UUID.test(lower)) throw new TypeError(`'${text}' is not a UUID`)
    return lower
  }
  return {
    name: 'uuid',
    serialize: (value) => Buffer.from(checked(value)),
    deserialize: (data) => checked(data.toString('utf8')),
  }
}
