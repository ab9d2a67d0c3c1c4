/** What a chart is given: values and marks, in the order of x. How they look is said in `painting.ts`. */

/** Times are seconds since 1970; numbers count from 1. */
export type Axis = 'time' | 'number'

export type Tone = 'good' | 'bad' | 'doubt' | 'quiet'

/** `hollow` repeats an old value, and no line leads to it; `far` lies far from the others. */
export type PointLook = 'plain' | 'hollow' | 'far'

export interface ChartPoint {
  /** By which it is opened. */
  readonly key: string
  readonly x: number
  readonly y: number
  readonly look: PointLook
  /** What it is, a line each. */
  readonly told: readonly string[]
}

export interface ChartSeries {
  readonly name: string
  readonly points: readonly ChartPoint[]
  /** A smoothed line, a value for each point; null where there is none. */
  readonly smooth: readonly (number | null)[] | null
}

/** A vertical line, and where it may stand instead. */
export interface ChartMark {
  readonly x: number
  readonly from: number
  readonly to: number
  readonly tone: Tone
  readonly line: 'solid' | 'dashed' | 'dotted'
  readonly label: string
}

/** Where there is no value, on the axis. */
export interface ChartTick {
  readonly x: number
  readonly shape: 'missed' | 'failed'
  readonly told: readonly string[]
}

/** A level that values keep to for a while. */
export interface Level {
  readonly from: number
  readonly to: number
  readonly y: number
}

/** What is usual. */
export interface Band {
  readonly from: number
  readonly to: number
  readonly low: number
  readonly middle: number
  readonly high: number
}

/** What was another from there on; under the chart, on its axis. */
export interface LaneMark {
  readonly x: number
  /** The point that it leads to; null where none stands there. */
  readonly key: string | null
  readonly told: readonly string[]
}

export interface Lane {
  readonly name: string
  readonly marks: readonly LaneMark[]
}

export interface Drawn {
  readonly axis: Axis
  readonly series: readonly ChartSeries[]
  readonly marks: readonly ChartMark[]
  readonly ticks: readonly ChartTick[]
  readonly levels: readonly Level[]
  readonly band: Band | null
  readonly lanes: readonly Lane[]
}

export interface Range {
  readonly from: number
  readonly to: number
}

const AIR = 0.02 // of the width, at both ends, so that no point stands on the edge
const DAY_SECONDS = 86_400
const LEAP = 10 // points that one key leaps over

/** All that is drawn lies in it; null where nothing is. */
export function wholeRange(drawn: Drawn): Range | null {
  const places = [
    ...drawn.series.flatMap((one) => one.points.map((point) => point.x)),
    ...drawn.ticks.map((tick) => tick.x),
  ]
  if (!places.length) return null
  let from = Number.POSITIVE_INFINITY
  let to = Number.NEGATIVE_INFINITY
  for (const x of places) {
    from = Math.min(from, x)
    to = Math.max(to, x)
  }
  const air = to > from ? (to - from) * AIR : drawn.axis === 'time' ? DAY_SECONDS / 2 : 0.5
  return { from: from - air, to: to + air }
}

/** The points of all series in a range, in the order of x: as one walks over them. */
export function pointsWithin(drawn: Drawn, range: Range | null): readonly ChartPoint[] {
  const points = drawn.series.flatMap((one) => one.points)
  const within = range ? points.filter((point) => isWithin(point.x, range)) : points
  return drawn.series.length > 1 ? within.sort((one, other) => one.x - other.x) : within
}

export function isWithin(x: number, range: Range | null): boolean {
  return range === null || (x >= range.from && x <= range.to)
}

/** Columns as uPlot takes them: one of x, and for each series its values, then its smoothed ones. */
export function aligned(drawn: Drawn): [number[], ...(number | null)[][]] {
  const stands = drawn.series
    .flatMap((one, series) => one.points.map((point, place) => ({ x: point.x, series, place })))
    .sort((one, other) => one.x - other.x)
  const columns = drawn.series.flatMap((one, series): (number | null)[][] => [
    stands.map((at) => {
      const point = at.series === series ? one.points[at.place] : undefined
      return point && point.look !== 'hollow' ? point.y : null
    }),
    stands.map((at) => (at.series === series ? (one.smooth?.[at.place] ?? null) : null)),
  ])
  return [stands.map((at) => at.x), ...columns]
}

/** The values that are drawn within a range, lowest and highest; null where there is none. */
export function heightWithin(drawn: Drawn, range: Range | null): { low: number; high: number } | null {
  let low = Number.POSITIVE_INFINITY
  let high = Number.NEGATIVE_INFINITY
  const take = (y: number) => {
    low = Math.min(low, y)
    high = Math.max(high, y)
  }
  for (const point of pointsWithin(drawn, range)) take(point.y)
  const isSeen = (one: Range) => range === null || (one.to >= range.from && one.from <= range.to)
  for (const level of drawn.levels) if (isSeen(level)) take(level.y)
  if (drawn.band && isSeen(drawn.band)) {
    take(drawn.band.low)
    take(drawn.band.high)
  }
  return low <= high ? { low, high } : null
}

/** To which of so many points a key leads; null where it leads nowhere. */
export function steppedTo(key: string, place: number, count: number): number | null {
  if (!count) return null
  const steps: Readonly<Record<string, number>> = {
    ArrowRight: place + 1,
    ArrowLeft: place < 0 ? count - 1 : place - 1,
    PageDown: place + LEAP,
    PageUp: place < 0 ? count - 1 : place - LEAP,
    Home: 0,
    End: count - 1,
  }
  const next = steps[key]
  return next === undefined ? null : Math.min(Math.max(next, 0), count - 1)
}
