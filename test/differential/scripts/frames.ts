// Frames that are wrong: what is answered, and when the connection is closed.
import { script } from '../script.js'
import { encodeRequest, messages } from '../protocol.js'

const { apiVersions, metadata } = messages

const WHOLE = Buffer.concat(
  encodeRequest(metadata, 12, 1, 'differential', { topics: [], allowAutoTopicCreation: false }),
)

function header(apiKey: number, version: number, tail: Buffer = Buffer.alloc(0)): Buffer {
  const bytes = Buffer.alloc(4 + 2 + 2 + 4 + 2)
  bytes.writeInt32BE(bytes.length - 4 + tail.length, 0)
  bytes.writeInt16BE(apiKey, 4)
  bytes.writeInt16BE(version, 6)
  bytes.writeInt32BE(77, 8)
  bytes.writeInt16BE(-1, 12)
  return Buffer.concat([bytes, tail])
}

function sized(size: number, tail: Buffer = Buffer.alloc(0)): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(size, 0)
  return Buffer.concat([bytes, tail])
}

/** Run once: they are about the connection, not about a version of an API. */
export const frameScripts = [
  script(
    apiVersions,
    'frames that are wrong',
    async (world) => {
      await world.bytes('ApiVersions in a version to come', header(18, 99, Buffer.from([0, 2, 0x61, 2, 0x61, 0])))
      await world.bytes('ApiVersions in version -1', header(18, -1))
      await world.bytes('an API that is none', header(999, 0), 500)
      await world.bytes('a negative API', header(-1, 0), 500)
      await world.bytes('Metadata in a version to come', header(3, 99), 500)
      await world.bytes('Metadata in version -1', header(3, -1), 500)
      await world.bytes('Produce in version 2', header(0, 2, Buffer.alloc(16)), 500)
      await world.bytes('an API that only brokers speak', header(4, 0, Buffer.alloc(16)), 500)
      await world.bytes('a size of 0', sized(0), 500)
      await world.bytes('a negative size', sized(-1), 500)
      await world.bytes('a size over socket.request.max.bytes', sized(104_857_601), 500)
      await world.bytes('a header cut short', sized(6, Buffer.from([0, 3, 0, 12, 0, 0])), 500)
      await world.bytes('a body cut short', sized(WHOLE.length - 4 - 3, WHOLE.subarray(4, WHOLE.length - 3)), 500)
      await world.bytes(
        'a body with bytes behind it',
        sized(WHOLE.length - 4 + 3, Buffer.concat([WHOLE.subarray(4), Buffer.alloc(3)])),
        500,
      )
      await world.bytes(
        'an array longer than the frame',
        sized(25, Buffer.concat([WHOLE.subarray(4, 27), Buffer.from([0xff, 0xff])])),
        500,
      )
      await world.bytes('text', Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'), 500)
    },
    { since: 4 },
  ),
  script(
    apiVersions,
    'order of answers',
    async (world) => {
      const connection = await world.connection()
      const empty = { topics: [], allowAutoTopicCreation: false }
      const requests = [1, 2, 3, 4, 5].map((id) =>
        Buffer.concat(encodeRequest(metadata, 12, id, 'differential', empty)),
      )
      connection.write(Buffer.concat(requests))
      for (const _ of requests) {
        const outcome = await connection.next()
        world.keep('answers', typeof outcome === 'string' ? outcome : outcome.frame.readInt32BE(0))
      }
    },
    { since: 4 },
  ),
]
