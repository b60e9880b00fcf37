/**
 * The words in which a message layout is written: scalar types, `array`, `struct`, and what can be said of a field.
 * A field's place in the versions sits on the field (`since`, `until`, `nullable`, `tagged`), as in Kafka's own schemas.
 *
 * A field carries two TypeScript types: `Out`, what decoding gives, and `In`, what encoding takes. They differ in that
 * fields with a default, or that not every version has, may be left out when encoding.
 */

export type ScalarKind =
  | 'bool'
  | 'int8'
  | 'int16'
  | 'uint16'
  | 'int32'
  | 'uint32'
  | 'int64'
  | 'float64'
  | 'string'
  | 'uuid'
  | 'bytes'
  | 'records'

export type TypeSpec =
  | { readonly kind: ScalarKind }
  | { readonly kind: 'array'; readonly element: FieldSpec }
  | { readonly kind: 'struct'; readonly shape: Shape }

export interface FieldSpec {
  readonly type: TypeSpec
  readonly since: number
  /** Last version that has the field. */
  readonly until: number
  /** First version in which null is allowed; Infinity = never. */
  readonly nullableSince: number
  readonly tag: number | undefined
  readonly taggedSince: number
  /** A non-default value in a version without the field is dropped silently, not refused. */
  readonly ignorable: boolean
  /** undefined: the type's own default (0, '', false, [], the zero uuid, a struct of defaults). */
  readonly default: unknown
}

export class Field<Out, In = Out, Optional extends boolean = false> {
  declare readonly out: Out
  declare readonly in: In
  declare readonly optional: Optional

  constructor(readonly spec: FieldSpec) {}

  private with<O, I, Opt extends boolean>(change: Partial<FieldSpec>): Field<O, I, Opt> {
    return new Field<O, I, Opt>({ ...this.spec, ...change })
  }

  /** First version that has the field. */
  since(version: number): Field<Out, In, true> {
    return this.with({ since: version })
  }

  /** Last version that has the field. */
  until(version: number): Field<Out, In, true> {
    return this.with({ until: version })
  }

  /** Null is allowed from this version on. */
  nullable(since = 0): Field<Out | null, In | null, Optional> {
    return this.with({ nullableSince: since })
  }

  default(value: In): Field<Out, In, true> {
    return this.with({ default: value })
  }

  /** A tagged field: on the wire only when it differs from its default (KIP-482). */
  tagged(tag: number, since = this.spec.since): Field<Out, In, true> {
    return this.with({ tag, taggedSince: since })
  }

  ignorable(): Field<Out, In, Optional> {
    return this.with({ ignorable: true })
  }
}

export type Shape = Readonly<Record<string, Field<unknown, unknown, boolean>>>

/** What decoding a shape gives: every field, absent ones at their default. */
export type Decoded<S extends Shape> = { [K in keyof S]: S[K]['out'] }

type OptionalKeys<S extends Shape> = { [K in keyof S]: S[K]['optional'] extends true ? K : never }[keyof S]

/** What encoding a shape takes: fields with a default, or not in every version, may be left out. */
export type Draft<S extends Shape> = { [K in Exclude<keyof S, OptionalKeys<S>>]: S[K]['in'] } & {
  [K in OptionalKeys<S>]?: S[K]['in'] | undefined
}

function field<Out, In = Out>(type: TypeSpec, nullableSince = Infinity): Field<Out, In> {
  return new Field<Out, In>({
    type,
    since: 0,
    until: Infinity,
    nullableSince,
    tag: undefined,
    taggedSince: Infinity,
    ignorable: false,
    default: undefined,
  })
}

export const bool = field<boolean>({ kind: 'bool' })
export const int8 = field<number>({ kind: 'int8' })
export const int16 = field<number>({ kind: 'int16' })
export const uint16 = field<number>({ kind: 'uint16' })
export const int32 = field<number>({ kind: 'int32' })
export const uint32 = field<number>({ kind: 'uint32' })
/** A number: saturated at ±Number.MAX_SAFE_INTEGER when decoded. */
export const int64 = field<number>({ kind: 'int64' })
export const float64 = field<number>({ kind: 'float64' })
export const string = field<string>({ kind: 'string' })
/** 22 characters of base64url. */
export const uuid = field<string>({ kind: 'uuid' })
/** A view on the frame. */
export const bytes = field<Buffer, Uint8Array>({ kind: 'bytes' })
/** Record batches, never decoded here: a view on the frame. Encoding takes them in one piece or in several. */
export const records = field<Buffer | null, RecordsDraft | null>({ kind: 'records' }, 0)

export type RecordsDraft = Uint8Array | readonly Uint8Array[]

export function array<Out, In>(element: Field<Out, In, boolean>): Field<Out[], readonly In[]> {
  return field<Out[], readonly In[]>({ kind: 'array', element: element.spec })
}

/** A struct that stands once in a message, or that several places share. */
export function struct<S extends Shape>(shape: S): Field<Decoded<S>, Draft<S>> {
  return field<Decoded<S>, Draft<S>>({ kind: 'struct', shape })
}

/** An array of structs, the commonest case. */
export function arrayOf<S extends Shape>(shape: S): Field<Decoded<S>[], readonly Draft<S>[]> {
  return array(struct(shape))
}

export const ZERO_UUID = 'AAAAAAAAAAAAAAAAAAAAAA'
