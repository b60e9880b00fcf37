/**
 * One small HTTP server on `node:http`: routes are data, handlers give data. Whoever has something to show hands in routes;
 * nobody else knows what serves them.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { matchRoute } from './router.js'

export interface HttpRequest {
  readonly params: Readonly<Record<string, string>>
  readonly query: Readonly<Record<string, string | undefined>>
  /** The JSON that came, or undefined. */
  readonly body: unknown
}

export interface HttpAnswer {
  /** Default 200. */
  readonly status?: number | undefined
  /** Default `application/json` for objects, `text/plain` for text. */
  readonly type?: string | undefined
  readonly body: string | object
}

export interface Route {
  readonly method: 'GET' | 'POST' | 'DELETE'
  /** May have parameters, e.g. `/faults/:id`. */
  readonly path: string
  readonly handle: (request: HttpRequest) => HttpAnswer | Promise<HttpAnswer>
}

/** What a handler throws to be answered with a status of its own and a message. */
export class HttpError extends Error {
  override readonly name = 'HttpError'
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message)
  }
}

export interface HttpServer {
  readonly host: string
  readonly port: number
  close(): Promise<void>
}

const BODY_BYTES_MAX = 1024 * 1024
const JSON_TYPE = 'application/json; charset=utf-8'
const TEXT_TYPE = 'text/plain; charset=utf-8'

/** @throws Error with the system's code when the address can't be bound */
export async function serveHttp(options: {
  readonly host: string
  /** 0 = any free port. */
  readonly port: number
  readonly routes: readonly Route[]
}): Promise<HttpServer> {
  const { host, routes } = options
  // only now: it brings all of Node's HTTP client with it, which a broker without a monitor starts without
  const { createServer } = await import('node:http')
  const server = createServer((request, response) => {
    void answerTo(request, routes).then((answer) => send(response, request.method === 'HEAD', answer))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port: options.port }, resolve)
  })
  const { port } = server.address() as { readonly port: number }
  return {
    host,
    port,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      await closed
    },
  }
}

async function answerTo(request: IncomingMessage, routes: readonly Route[]): Promise<HttpAnswer> {
  try {
    // whoever may GET may ask for the head alone
    const method = request.method === 'HEAD' ? 'GET' : request.method!
    const { pathname, searchParams } = new URL(request.url!, 'http://localhost')
    const matched = matchRoute(routes, method, pathname)
    if (!matched) throw new HttpError(404, `there is no ${request.method} ${request.url}`)
    const body = await readJson(request)
    return await matched.route.handle({ params: matched.params, query: Object.fromEntries(searchParams), body })
  } catch (error) {
    const { message } = error as Error
    const status = error instanceof HttpError ? error.status : error instanceof URIError ? 400 : 500
    return { status, body: { error: message } }
  }
}

/** @throws HttpError when it is too long, or no JSON */
async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > BODY_BYTES_MAX) throw new HttpError(413, `a body may have ${BODY_BYTES_MAX} bytes`)
    chunks.push(chunk)
  }
  if (size === 0) return undefined
  // a page of another origin can send a form, but no JSON unless it was allowed to
  const type = request.headers['content-type'] ?? ''
  if (!/^application\/json\b/i.test(type)) throw new HttpError(415, 'send JSON, with content-type: application/json')
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'))
  } catch (error) {
    throw new HttpError(400, `the body is no JSON: ${(error as Error).message}`)
  }
}

function send(response: ServerResponse, headOnly: boolean, { status = 200, type, body }: HttpAnswer): void {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const content = Buffer.from(text)
  response.writeHead(status, {
    'content-type': type ?? (typeof body === 'string' ? TEXT_TYPE : JSON_TYPE),
    'content-length': content.length,
  })
  response.end(headOnly ? undefined : content)
}
