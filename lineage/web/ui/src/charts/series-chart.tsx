/**
 * A chart of series: lines and points with what is to be marked on them, and lanes of changes on the same axis.
 *
 * One walks over its points with the arrow keys and opens one with Enter or a click; to drag over it chooses a range.
 */
import { useEffect, useId, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { texts } from '../texts'
import { useTheme } from './colours'
import { Lanes } from './lanes'
import { type ChartPoint, type ChartTick, type Drawn, pointsWithin, type Range, steppedTo, wholeRange } from './model'
import { drawPlot, type Geometry, type Plot } from './plot'

export interface SeriesChartProps {
  /** What it shows, for who does not see it. */
  readonly label: string
  readonly drawn: Drawn
  /** What of it is shown; null for all. */
  readonly range: Range | null
  readonly isLog: boolean
  readonly written: (value: number) => string
  /** The key of the point that is open. */
  readonly open: string | null
  readonly onOpen: (key: string) => void
  readonly onRange: (range: Range) => void
}

const HEIGHT = 340

export function SeriesChart({ label, drawn, range, isLog, written, open, onOpen, onRange }: SeriesChartProps) {
  const id = useId()
  const host = useRef<HTMLDivElement>(null)
  const plot = useRef<Plot | null>(null)
  const [width, setWidth] = useState(0)
  const [at, setAt] = useState<ChartPoint | null>(null)
  const [tick, setTick] = useState<ChartTick | null>(null)
  const [isWalking, setWalking] = useState(false)
  const [geometry, setGeometry] = useState<Geometry | null>(null)
  const theme = useTheme()
  const shown = range ?? wholeRange(drawn)
  const points = pointsWithin(drawn, shown)
  const opened = points.find((point) => point.key === open) ?? null
  const attended = useRef<ChartPoint | null>(null)
  attended.current = at ?? opened

  useLayoutEffect(() => {
    const element = host.current
    if (!element) return
    const watch = new ResizeObserver(([entry]) => entry && setWidth(Math.floor(entry.contentRect.width)))
    watch.observe(element)
    return () => watch.disconnect()
  }, [])

  // A plot is made anew with what it shows: that is quicker than to say what of it is another.
  useEffect(() => {
    const element = host.current
    if (!element || !width || !shown) return
    const made = drawPlot(element, {
      drawn,
      shown,
      isLog,
      width,
      height: HEIGHT,
      written,
      at: () => attended.current,
      onPointed: (pointed) => {
        const isPoint = pointed !== null && 'y' in pointed
        setWalking(false)
        setAt(isPoint ? pointed : null)
        setTick(isPoint ? null : pointed)
      },
      onOpen: (point) => onOpen(point.key),
      onRange,
      onGeometry: (now) => setGeometry((before) => (isSame(before, now) ? before : now)),
    })
    plot.current = made
    return () => {
      plot.current = null
      made.destroy()
    }
  }, [drawn, shown?.from, shown?.to, isLog, width, theme])

  useEffect(() => plot.current?.redraw(), [at, opened])

  const walk = (event: KeyboardEvent) => {
    const place = attended.current ? points.indexOf(attended.current) : -1
    const next = steppedTo(event.key, place, points.length)
    if (next !== null) {
      event.preventDefault()
      setWalking(true)
      setTick(null)
      setAt(points[next] ?? null)
    } else if (event.key === 'Enter' && attended.current) {
      event.preventDefault()
      onOpen(attended.current.key)
    }
  }
  const told = at ?? tick
  const stands = told && plot.current ? plot.current.stands(told) : null
  return (
    <div class="chart">
      <p id={`${id}-help`} class="unseen">
        {texts.charts.help}
      </p>
      <div
        class="chart-plot"
        role="application"
        aria-label={label}
        aria-describedby={`${id}-help`}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it takes keys
        tabIndex={0}
        onKeyDown={walk}
        onBlur={() => setAt(null)}
      >
        <div ref={host} class="chart-canvas" style={{ height: `${HEIGHT}px` }} />
        {told && stands && <Tip told={told.told} left={stands.left} top={stands.top} width={width} />}
      </div>
      <p class="unseen" role="status">
        {isWalking && at ? at.told.join(', ') : ''}
      </p>
      {geometry && drawn.lanes.length > 0 && <Lanes lanes={drawn.lanes} geometry={geometry} onOpen={onOpen} />}
    </div>
  )
}

function Tip({ told, left, top, width }: { told: readonly string[]; left: number; top: number; width: number }) {
  const isRight = left > width / 2
  return (
    <div
      class="chart-tip"
      aria-hidden="true"
      style={{ top: `${top}px`, ...(isRight ? { right: `${width - left}px` } : { left: `${left}px` }) }}
    >
      {told.map((line, number) => (
        <div key={number}>{line}</div>
      ))}
    </div>
  )
}

function isSame(one: Geometry | null, other: Geometry): boolean {
  return (
    one !== null &&
    one.left === other.left &&
    one.width === other.width &&
    one.range.from === other.range.from &&
    one.range.to === other.range.to
  )
}
