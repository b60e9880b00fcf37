/**
 * One small HTTP server: routes are data, handlers give data. Whoever has something to show hands in routes; nobody else
 * knows the framework, which is loaded only when something is served.
 */

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

/** @throws Error with the system's code when the address can't be bound */
export async function serveHttp(options: {
  readonly host: string
  /** 0 = any free port. */
  readonly port: number
  readonly routes: readonly Route[]
}): Promise<HttpServer> {
  const { fastify } = await import('fastify')
  const app = fastify({ forceCloseConnections: true })
  for (const { method, path, handle } of options.routes) {
    app.route({
      method,
      url: path,
      handler: async (request, reply) => {
        const { params, query, body } = request as unknown as HttpRequest
        const answer = await handle({ params, query, body })
        if (answer.type !== undefined) void reply.type(answer.type)
        return reply.code(answer.status ?? 200).send(answer.body)
      },
    })
  }
  app.setErrorHandler((error: Error & { statusCode?: number }, _request, reply) => {
    const status = error instanceof HttpError ? error.status : (error.statusCode ?? 500)
    return reply.code(status).send({ error: error.message })
  })
  app.setNotFoundHandler((request, reply) =>
    reply.code(404).send({ error: `there is no ${request.method} ${request.url}` }),
  )
  await app.listen({ host: options.host, port: options.port })
  const address = app.server.address()
  const port = typeof address === 'object' && address !== null ? address.port : options.port
  return { host: options.host, port, close: () => app.close() }
}
