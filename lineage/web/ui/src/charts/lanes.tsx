/** Lanes under a chart, on its axis: what was another from where on, so that cause and effect stand one over the other. */
import { isWithin, type Lane, type LaneMark } from './model'
import type { Geometry } from './plot'

const ROW = 24
const HALF = 6

export function Lanes({
  lanes,
  geometry,
  onOpen,
}: {
  lanes: readonly Lane[]
  geometry: Geometry
  onOpen: (key: string) => void
}) {
  const { left, width, range } = geometry
  const stands = (x: number) => left + ((x - range.from) / (range.to - range.from)) * width
  return (
    <svg class="lanes" width={left + width + HALF} height={lanes.length * ROW} aria-hidden="true">
      {lanes.map((lane, row) => {
        const middle = row * ROW + ROW / 2
        return (
          <g key={lane.name}>
            <line x1={left} x2={left + width} y1={middle} y2={middle} />
            <text x={left - HALF} y={middle} dominant-baseline="central" text-anchor="end">
              {lane.name}
            </text>
            {lane.marks
              .filter((mark) => isWithin(mark.x, range))
              .map((mark) => (
                <Diamond key={mark.x} mark={mark} left={stands(mark.x)} top={middle} onOpen={onOpen} />
              ))}
          </g>
        )
      })}
    </svg>
  )
}

/** For who points; who walks over the chart hears of it at the point that it leads to. */
function Diamond({
  mark,
  left,
  top,
  onOpen,
}: {
  mark: LaneMark
  left: number
  top: number
  onOpen: (key: string) => void
}) {
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the point that it leads to is reached by the keyboard
    <path
      class={mark.key ? 'lane-mark is-open' : 'lane-mark'}
      d={`M${left} ${top - HALF}l${HALF} ${HALF}l${-HALF} ${HALF}l${-HALF} ${-HALF}z`}
      onClick={() => mark.key && onOpen(mark.key)}
    >
      <title>{mark.told.join('\n')}</title>
    </path>
  )
}
