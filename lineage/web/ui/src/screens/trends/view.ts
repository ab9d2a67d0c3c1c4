/** How a trend is looked at: what of the address says that. Pure. */
import type { Range } from '../../charts/model'
import type { Params } from './scope'

export const AXES = ['due', 'started', 'number'] as const
export type Along = (typeof AXES)[number]

/** Of how many values a smoothed one is the median. */
export const SMOOTHINGS = [5, 15, 31] as const

/** How many of the newest points are asked for. */
export const LASTS = [100, 1_000, 10_000] as const
const LAST_UNLESS_CHOSEN = 1_000

export interface View {
  readonly along: Along
  readonly isLog: boolean
  readonly smoothing: number | null
  readonly hidesOutliers: boolean
  readonly range: Range | null
}

export function viewOf(params: Params): View {
  const along = AXES.find((one) => one === params.x) ?? 'due'
  return {
    along,
    isLog: params.log === '1',
    smoothing: SMOOTHINGS.find((one) => String(one) === params.smooth) ?? null,
    hidesOutliers: params.outliers === 'hidden',
    range: rangeOf(params, along),
  }
}

export function lastOf(params: Params): number {
  return LASTS.find((one) => String(one) === params.last) ?? LAST_UNLESS_CHOSEN
}

/** A range as an address holds it: moments, or the numbers of runs. */
export function rangeParams(range: Range | null, along: Along): { from: string | null; to: string | null } {
  if (!range) return { from: null, to: null }
  if (along === 'number') return { from: String(Math.ceil(range.from)), to: String(Math.floor(range.to)) }
  const written = (seconds: number) => new Date(Math.round(seconds) * 1_000).toISOString().replace('.000Z', 'Z')
  return { from: written(range.from), to: written(range.to) }
}

function rangeOf(params: Params, along: Along): Range | null {
  const from = placeOf(params.from, along)
  const to = placeOf(params.to, along)
  if (from === null && to === null) return null
  const range = { from: from ?? Number.NEGATIVE_INFINITY, to: to ?? Number.POSITIVE_INFINITY }
  return range.from < range.to ? range : null
}

function placeOf(text: string | undefined, along: Along): number | null {
  if (!text) return null
  const place = along === 'number' ? Number(text) : new Date(text).getTime() / 1_000
  return Number.isFinite(place) ? place : null
}
