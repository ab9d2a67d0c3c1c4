/** Where the axes of a chart begin, end, and have their ticks. Pure. */

const AIR = 0.08 // of the height, over and under what is drawn
const TICKS = 5
const DECADE = 10
const STEPS = [1, 2, 5, 10]

/** From where to where the y axis goes, so that nothing stands on its edge. */
export function heightOf(low: number, high: number, isLog: boolean): [number, number] {
  if (isLog) {
    const air = Math.max((high / low) ** AIR, 1.02)
    return [low / air, high * air]
  }
  const air = high > low ? (high - low) * AIR : Math.abs(high) * AIR || 1
  return [low - air, high + air]
}

/** The ticks of a logarithmic axis: round values where it is short, else 1, 2 and 5 of each power of ten. */
export function logTicks(low: number, high: number): number[] {
  if (high / low < DECADE) return roundTicks(low, high)
  const first = Math.floor(Math.log10(low))
  const last = Math.ceil(Math.log10(high))
  const each = last - first > TICKS ? [1] : [1, 2, 5]
  const found: number[] = []
  for (let power = first; power <= last; power += 1) {
    for (const step of each) found.push(step * DECADE ** power)
  }
  return found.filter((tick) => tick >= low && tick <= high)
}

/** Some five round values within. */
export function roundTicks(low: number, high: number): number[] {
  const rough = (high - low) / TICKS
  const power = DECADE ** Math.floor(Math.log10(rough))
  const step = (STEPS.find((one) => one * power >= rough) ?? DECADE) * power
  const found: number[] = []
  for (let tick = Math.ceil(low / step); tick * step <= high; tick += 1)
    found.push(Number((tick * step).toPrecision(12)))
  return found
}

/** How times are written on an axis, by how far its ticks lie apart: as uPlot takes it. */
export const TIME_FORMATS: (string | number | null)[][] = [
  [365 * 86_400, '{YYYY}', null, null, null, null, null, null, 1],
  [28 * 86_400, '{MMM}', '\n{YYYY}', null, null, null, null, null, 1],
  [86_400, '{D} {MMM}', '\n{YYYY}', null, null, null, null, null, 1],
  [60, '{HH}:{mm}', '\n{D} {MMM} {YYYY}', null, '\n{D} {MMM}', null, null, null, 1],
  [1, '{HH}:{mm}:{ss}', '\n{D} {MMM} {YYYY}', null, '\n{D} {MMM}', null, null, null, 1],
]

export const NUMBER_STEPS: number[] = Array.from({ length: 7 }, (_, power) =>
  [1, 2, 5].map((one) => one * DECADE ** power),
).flat()
