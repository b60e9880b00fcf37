/** Which route a request is for: by method and path, whose parts may be parameters, e.g. `/faults/:id`. */
import type { Route } from './http-server.js'

export interface Matched {
  readonly route: Route
  readonly params: Readonly<Record<string, string>>
}

export function matchRoute(routes: readonly Route[], method: string, path: string): Matched | undefined {
  const parts = path.split('/')
  for (const route of routes) {
    const params = route.method === method ? matchPath(route.path.split('/'), parts) : undefined
    if (params) return { route, params }
  }
  return undefined
}

function matchPath(pattern: readonly string[], parts: readonly string[]): Record<string, string> | undefined {
  if (pattern.length !== parts.length) return undefined
  const params: Record<string, string> = {}
  for (const [i, wanted] of pattern.entries()) {
    const part = parts[i]!
    if (wanted.startsWith(':')) params[wanted.slice(1)] = decodeURIComponent(part)
    else if (wanted !== part) return undefined
  }
  return params
}
