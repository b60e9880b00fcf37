import type { FactMessage } from './layouts.js'

export type Variant = 'filled' | 'nulls' | 'defaults'
export const VARIANTS: readonly Variant[]
export function sampleOf(message: FactMessage, version: number, variant: Variant): Record<string, unknown> | null
export function within(version: number, range: string | undefined): boolean
export function versionsOf(message: FactMessage): number[]
