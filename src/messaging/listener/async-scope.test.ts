import { AsyncLocalStorage, executionAsyncId } from 'node:async_hooks'
import { expect, it } from 'vitest'
import { HandlerContexts, runOutside } from './async-scope.js'

const storage = new AsyncLocalStorage<string>()

/** Calls the handler for each word, as a runner does. */
function handAll(words: readonly string[], handler: (word: string, at: number) => unknown): number {
  const contexts = new HandlerContexts()
  let at = 0
  let entered = 0
  while (at < words.length) {
    entered++
    contexts.enter(() => {
      while (at < words.length && !contexts.isUsedUp) contexts.caller(handler)(words[at]!, at++)
    })
  }
  return entered
}

it('handlers that keep nothing share one context', () => {
  const ids = new Set<number>()
  const entered = runOutside(() => handAll(['a', 'b', 'c'], () => ids.add(executionAsyncId())))
  expect({ entered, contexts: ids.size }).toEqual({ entered: 1, contexts: 1 })
})

// the first storage of a process is told from a later one: both orders are tried
for (const first of ['first use of a storage', 'storages are in use']) {
  it(`a handler sees nothing of what another one kept: ${first}`, async () => {
    const seen: (string | undefined)[] = []
    const later: Promise<string | undefined>[] = []
    const handler = (word: string, at: number): unknown => {
      seen.push(storage.getStore())
      if (at % 2 === 0) storage.enterWith(word)
      later.push(Promise.resolve().then(() => storage.getStore()))
      return storage.run('inner', () => undefined)
    }
    runOutside(() => handAll(['a', 'b', 'c', 'd', 'e'], handler))
    expect(seen).toEqual(Array.from({ length: 5 }, () => undefined))
    expect(await Promise.all(later)).toEqual(['a', undefined, 'c', undefined, 'e'])
  })
}

it('a handler sees nothing of whoever had the containers run', () => {
  const seen: (string | undefined)[] = []
  storage.run('starter', () => runOutside(() => handAll(['a', 'b'], () => seen.push(storage.getStore()))))
  expect(seen).toEqual([undefined, undefined])
})
