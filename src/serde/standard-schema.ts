/** The part of the Standard Schema interface (standardschema.dev, v1) that we use: zod, valibot, arktype and others have it. */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    validate(value: unknown): SchemaResult<Output> | Promise<SchemaResult<Output>>
    readonly types?: { readonly input: Input; readonly output: Output } | undefined
  }
}

export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] }

export interface SchemaIssue {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

/** The validated value, or an error that lists every issue with its path. */
export function validateWith<T>(schema: StandardSchema<unknown, T>, value: unknown): T | Promise<T> {
  const result = schema['~standard'].validate(value)
  return result instanceof Promise ? result.then(valueOrThrow) : valueOrThrow(result)
}

function valueOrThrow<T>(result: SchemaResult<T>): T {
  if (result.issues === undefined) return result.value
  throw new TypeError(`does not fit its schema: ${result.issues.map(issueText).join('; ')}`)
}

function issueText({ message, path }: SchemaIssue): string {
  if (path === undefined || path.length === 0) return message
  return `${path.map((part) => String(typeof part === 'object' ? part.key : part)).join('.')}: ${message}`
}
