/** A serde of one's own: rows of text, one line each. It says in a header which version of the columns it wrote. */
import type { Serde } from 'kts-kafka'

export interface Visit {
  page: string
  country: string
  seconds: number
}

export const visitCsv: Serde<Visit> = {
  name: 'csv(Visit)',
  serialize({ page, country, seconds }, { headers }) {
    headers.set('csv-version', '1')
    return Buffer.from([page, country, seconds].join(';'))
  },
  deserialize(data, { headers }) {
    if (headers.text('csv-version') !== '1') throw new TypeError('not a row of version 1')
    const [page, country, seconds] = data.toString().split(';') as [string, string, string]
    return { page, country, seconds: Number(seconds) }
  },
}
