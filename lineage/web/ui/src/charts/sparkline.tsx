/** How some values went, in the height of a line of text. What stands beside it says the same in numbers. */

const WIDTH = 120
const HEIGHT = 24
const MARGIN = 3
const MOST_STEPS = 240 // more of them are not seen in so few pixels

export function Sparkline({ values }: { values: readonly number[] }) {
  const [last] = places(values).slice(-1)
  return (
    <svg class="sparkline" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} width={WIDTH} height={HEIGHT} aria-hidden="true">
      <polyline points={places(values).join(' ')} />
      {last && <circle cx={last[0]} cy={last[1]} r="2" />}
    </svg>
  )
}

/** Where each value stands; of many, the lowest and the highest of each part. */
export function places(values: readonly number[]): readonly (readonly [x: number, y: number])[] {
  const shown = thinned(values, MOST_STEPS / 2)
  const low = Math.min(...shown.map(([, value]) => value))
  const high = Math.max(...shown.map(([, value]) => value))
  const last = Math.max(values.length - 1, 1)
  return shown.map(([number, value]) => [
    rounded(MARGIN + (number / last) * (WIDTH - 2 * MARGIN)),
    rounded(high > low ? HEIGHT - MARGIN - ((value - low) / (high - low)) * (HEIGHT - 2 * MARGIN) : HEIGHT / 2),
  ])
}

function thinned(values: readonly number[], parts: number): readonly (readonly [number: number, value: number])[] {
  const all = values.map((value, number) => [number, value] as const)
  if (all.length <= 2 * parts) return all
  const size = all.length / parts
  const kept = Array.from({ length: parts }, (_, part) => {
    const some = all.slice(Math.floor(part * size), Math.floor((part + 1) * size))
    const sorted = [...some].sort((one, other) => one[1] - other[1])
    const ends = [sorted[0], sorted[sorted.length - 1]].filter((one) => one !== undefined)
    return ends.sort((one, other) => one[0] - other[0])
  }).flat()
  return [...kept, ...all.slice(-1)]
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10
}
