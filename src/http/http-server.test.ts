import { connect } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { HttpError, serveHttp, type HttpRequest, type HttpServer } from './index.js'

const seen: HttpRequest[] = []
let server: HttpServer
let url: string

beforeEach(async () => {
  seen.length = 0
  const keep = (request: HttpRequest): { body: object } => {
    seen.push(request)
    return { body: { ok: true } }
  }
  server = await serveHttp({
    host: '127.0.0.1',
    port: 0,
    routes: [
      { method: 'GET', path: '/text', handle: () => ({ body: 'hello\n' }) },
      { method: 'GET', path: '/typed', handle: () => ({ status: 203, type: 'text/x', body: 'x' }) },
      { method: 'GET', path: '/things', handle: keep },
      { method: 'POST', path: '/things', handle: keep },
      { method: 'DELETE', path: '/things/:id/parts/:part', handle: keep },
      { method: 'GET', path: '/refused', handle: () => Promise.reject(new HttpError(409, 'not now')) },
      {
        method: 'GET',
        path: '/broken',
        handle: () => {
          throw new Error('a bug')
        },
      },
    ],
  })
  url = `http://127.0.0.1:${server.port}`
})
afterEach(() => server.close())

const post = (body: string, type = 'application/json'): Promise<Response> =>
  fetch(`${url}/things`, { method: 'POST', body, headers: { 'content-type': type } })

async function outcome(answer: Response): Promise<{ status: number; body: unknown }> {
  return { status: answer.status, body: await answer.json() }
}

describe('an HTTP server', () => {
  it('answers text and objects with their types, unless told another', async () => {
    const text = await fetch(`${url}/text`)
    expect([text.headers.get('content-type'), await text.text()]).toEqual(['text/plain; charset=utf-8', 'hello\n'])
    const typed = await fetch(`${url}/typed`)
    expect([typed.status, typed.headers.get('content-type'), await typed.text()]).toEqual([203, 'text/x', 'x'])
    const object = await fetch(`${url}/things`)
    expect([object.headers.get('content-type'), await object.json()]).toEqual([
      'application/json; charset=utf-8',
      { ok: true },
    ])
  })

  it('hands over parameters, query and body', async () => {
    await fetch(`${url}/things/a%20b/parts/2`, { method: 'DELETE' })
    await fetch(`${url}/things?a=1&b=%C3%BC`)
    await post('{"n":1}')
    expect(seen.map(({ params, query, body }) => ({ params, query, body }))).toEqual([
      { params: { id: 'a b', part: '2' }, query: {}, body: undefined },
      { params: {}, query: { a: '1', b: 'ü' }, body: undefined },
      { params: {}, query: {}, body: { n: 1 } },
    ])
  })

  it('answers HEAD like GET, without the body', async () => {
    const answer = await fetch(`${url}/text`, { method: 'HEAD' })
    expect([answer.status, answer.headers.get('content-length'), await answer.text()]).toEqual([200, '6', ''])
  })

  it('answers what it does not have, what was refused, and what went wrong', async () => {
    expect(await outcome(await fetch(`${url}/none`))).toEqual({
      status: 404,
      body: { error: 'there is no GET /none' },
    })
    expect((await fetch(`${url}/text`, { method: 'POST' })).status).toBe(404)
    expect(await outcome(await fetch(`${url}/refused`))).toEqual({ status: 409, body: { error: 'not now' } })
    expect(await outcome(await fetch(`${url}/broken`))).toEqual({ status: 500, body: { error: 'a bug' } })
    expect((await fetch(`${url}/things/%ff/parts/1`, { method: 'DELETE' })).status).toBe(400)
  })

  it('takes JSON alone, and not without end', async () => {
    expect((await post('{')).status).toBe(400)
    expect((await post('a=1', 'application/x-www-form-urlencoded')).status).toBe(415)
    expect((await post(JSON.stringify('x'.repeat(1024 * 1024)))).status).toBe(413)
    expect(seen).toEqual([])
  })

  it('closes although clients stay connected', async () => {
    const socket = connect(server.port, '127.0.0.1')
    await new Promise((resolve) => socket.once('connect', resolve))
    const gone = new Promise((resolve) => socket.once('close', resolve))
    await server.close()
    await gone
  })

  it('says why it can not listen', async () => {
    await expect(serveHttp({ host: '127.0.0.1', port: server.port, routes: [] })).rejects.toThrow(/EADDRINUSE/)
  })
})
