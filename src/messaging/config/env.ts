/** Where `(env) => …` options read from: the process's environment, Nest's ConfigService, or a test's map. */
export interface Env {
  get(name: string): string | undefined
}

/** The process's environment. */
export const processEnv: Env = { get: (name) => process.env[name] }

/** A value, or a function of the environment that gives it when the application starts. */
export type Resolvable<T> = T | ((env: Env) => T)

export function resolveValue<T extends string | number | boolean | object>(given: Resolvable<T>, env: Env): T {
  return typeof given === 'function' ? (given as (env: Env) => T)(env) : given
}
