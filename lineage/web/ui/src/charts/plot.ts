/** What uPlot is told: the one place that knows it, beside `painting.ts`. Fetched only where a chart is shown. */
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { heightOf, logTicks, NUMBER_STEPS, TIME_FORMATS } from './axes'
import { coloursOf, SERIES_TOKENS } from './colours'
import { aligned, type ChartPoint, type ChartTick, type Drawn, heightWithin, isWithin, type Range } from './model'
import { groundOf, LABEL_ROWS, paintBand, paintOver, paintUnder } from './painting'

/** Where the plot is in its element, in pixels of the page: lanes under it have its axis. */
export interface Geometry {
  readonly left: number
  readonly width: number
  readonly range: Range
}

export interface PlotGiven {
  readonly drawn: Drawn
  readonly shown: Range
  readonly isLog: boolean
  readonly width: number
  readonly height: number
  readonly written: (value: number) => string
  readonly at: () => ChartPoint | null
  /** What one points at, a point before a tick; null where it is nothing. */
  readonly onPointed: (pointed: ChartPoint | ChartTick | null) => void
  readonly onOpen: (point: ChartPoint) => void
  readonly onRange: (range: Range) => void
  readonly onGeometry: (geometry: Geometry) => void
}

export interface Plot {
  readonly redraw: () => void
  /** Where a point or a tick stands in the element, in pixels of the page. */
  readonly stands: (one: ChartPoint | ChartTick) => { left: number; top: number }
  readonly destroy: () => void
}

const GUTTER = 84 // at least, so that the names of lanes stand in it, too
const LETTER_WIDTH = 7.5
const AXIS_ROOM = 18
const TIMES_ROOM = 44 // two lines: a day, and under it the year
const NUMBERS_ROOM = 28
const LABEL_ROOM = 15
const NEAR = 32 // pixels from a point within which one means it
const NEAR_TICK = 8
const OF_TICKS = 24 // pixels at the foot of the plot, where ticks stand
const LEAST_BRUSH = 6
const LOGARITHMIC = 3
const LINEAR = 1

export function drawPlot(host: HTMLElement, given: PlotGiven): Plot {
  const { drawn, shown, isLog } = given
  const colours = coloursOf(host)
  const font = `12px ${getComputedStyle(host).fontFamily}`
  const reach = heightWithin(drawn, shown) ?? { low: 0, high: 1 }
  const height = heightOf(reach.low, reach.high, isLog)
  const ground = (plot: uPlot) => groundOf(plot, colours, uPlot.pxRatio)
  const grid = { stroke: colours('border'), width: 1 }
  const common = { stroke: colours('ink-quiet'), font, grid, ticks: { ...grid, size: 4 } }
  const plot = new uPlot(
    {
      width: given.width,
      height: given.height,
      padding: [drawn.marks.some((mark) => mark.label) ? LABEL_ROWS * LABEL_ROOM + 6 : 10, 12, 0, 0],
      legend: { show: false },
      cursor: {
        y: false,
        points: { show: false },
        drag: { x: true, y: false, setScale: false, dist: LEAST_BRUSH },
      },
      scales: {
        x: { time: drawn.axis === 'time', range: () => [shown.from, shown.to] },
        y: { distr: isLog ? LOGARITHMIC : LINEAR, range: () => height },
      },
      axes: [
        drawn.axis === 'time'
          ? { ...common, values: TIME_FORMATS, space: 70, size: TIMES_ROOM }
          : {
              ...common,
              incrs: NUMBER_STEPS,
              values: (_, ticks) => ticks.map((tick) => String(tick)),
              size: NUMBERS_ROOM,
            },
        {
          ...common,
          values: (_, ticks) => ticks.map((tick) => given.written(tick)),
          size: (_, values) =>
            Math.max(GUTTER, AXIS_ROOM + LETTER_WIDTH * Math.max(...(values ?? ['']).map((text) => text.length))),
          ...(isLog && {
            splits: (_, __, low: number, high: number) => logTicks(low, high),
            filter: (_, ticks: number[]) => ticks,
          }),
        },
      ],
      series: [
        {},
        ...drawn.series.flatMap((one, number) => {
          const stroke = colours(SERIES_TOKENS[number % SERIES_TOKENS.length] ?? 'series-1')
          const line = { stroke, spanGaps: true, points: { show: false } }
          return [
            { ...line, width: 1.25, alpha: one.smooth ? 0.3 : 0.7 },
            { ...line, width: 2.5 },
          ]
        }),
      ],
      hooks: {
        drawClear: [(plot) => paintBand(ground(plot), drawn)],
        drawAxes: [(plot) => paintUnder(ground(plot), drawn)],
        draw: [
          (plot) => {
            paintOver(ground(plot), drawn, given.at())
            given.onGeometry({
              left: plot.bbox.left / uPlot.pxRatio,
              width: plot.bbox.width / uPlot.pxRatio,
              range: shown,
            })
          },
        ],
        setCursor: [(plot) => given.onPointed(nearest(plot, drawn, shown) ?? tickAt(plot, drawn))],
        setSelect: [
          (plot) => {
            const { left, width } = plot.select
            if (width < LEAST_BRUSH) return
            const range = { from: plot.posToVal(left, 'x'), to: plot.posToVal(left + width, 'x') }
            plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
            given.onRange(range)
          },
        ],
      },
    },
    aligned(drawn),
    host,
  )
  plot.over.addEventListener('click', () => {
    const point = nearest(plot, drawn, shown)
    if (point) given.onOpen(point)
  })
  return {
    redraw: () => plot.redraw(false, false),
    stands: (one) => ({
      left: plot.bbox.left / uPlot.pxRatio + plot.valToPos(one.x, 'x'),
      top: plot.bbox.top / uPlot.pxRatio + ('y' in one ? plot.valToPos(one.y, 'y') : plot.over.clientHeight),
    }),
    destroy: () => plot.destroy(),
  }
}

/** The point that one means who points there; null where none is near. */
function nearest(plot: uPlot, drawn: Drawn, shown: Range): ChartPoint | null {
  const { left = -1, top = -1 } = plot.cursor
  if (left < 0 || top < 0) return null
  let best: ChartPoint | null = null
  let least = NEAR
  for (const series of drawn.series) {
    for (const point of series.points) {
      if (!isWithin(point.x, shown)) continue
      const distance = Math.hypot(plot.valToPos(point.x, 'x') - left, plot.valToPos(point.y, 'y') - top)
      if (distance < least) {
        least = distance
        best = point
      }
    }
  }
  return best
}

/** The tick that one points at, at the foot of the plot. */
function tickAt(plot: uPlot, drawn: Drawn): ChartTick | null {
  const { left = -1, top = -1 } = plot.cursor
  if (left < 0 || top < plot.over.clientHeight - OF_TICKS) return null
  return drawn.ticks.find((tick) => Math.abs(plot.valToPos(tick.x, 'x') - left) < NEAR_TICK) ?? null
}
