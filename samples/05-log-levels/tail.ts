/** The lines of a file, and those that are added to it, until nothing was added for a while. */
import { open } from 'node:fs/promises'

const LOOK_AGAIN_MS = 50

export async function* tail(path: string, quietMs: number): AsyncGenerator<string> {
  const file = await open(path)
  try {
    const chunk = Buffer.allocUnsafe(65_536)
    let rest = Buffer.alloc(0)
    for (let silentMs = 0; silentMs < quietMs;) {
      const { bytesRead } = await file.read(chunk)
      if (bytesRead === 0) {
        await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS))
        silentMs += LOOK_AGAIN_MS
        continue
      }
      silentMs = 0
      const text = Buffer.concat([rest, chunk.subarray(0, bytesRead)])
      const end = text.lastIndexOf(0x0a) + 1
      rest = Buffer.from(text.subarray(end))
      if (end > 0) yield* text.toString('utf8', 0, end - 1).split(/\r?\n/)
    }
    if (rest.length > 0) yield rest.toString()
  } finally {
    await file.close()
  }
}
