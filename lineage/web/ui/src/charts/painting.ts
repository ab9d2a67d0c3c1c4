/** What stands in a chart beside its lines, painted on the canvas of uPlot: the band, levels, marks, ticks and points. */
import type uPlot from 'uplot'
import { type Colours, SERIES_TOKENS, type Token } from './colours'
import type { ChartMark, ChartPoint, Drawn } from './model'
import { outlineOf, shapeOf } from './shapes'

const FEW_POINTS = 400 // more of them are drawn smaller
const MANY_POINTS = 2_000 // more of them lie on each other: they let through what lies under them
const FAINT = 0.35
const LABEL_HEIGHT = 15
const TICK_HEIGHT = 8
const GAP = 6

/** Rows of labels above the plot, one over the other where they would lie on each other. */
export const LABEL_ROWS = 2

const TONES: Readonly<Record<ChartMark['tone'], Token>> = {
  good: 'good',
  bad: 'bad',
  doubt: 'doubt',
  quiet: 'ink-quiet',
}

const DASHES: Readonly<Record<ChartMark['line'], number[]>> = { solid: [], dashed: [6, 4], dotted: [1, 4] }

/** A plot as it is painted on, in the pixels of its canvas. */
interface Ground {
  readonly context: CanvasRenderingContext2D
  readonly x: (value: number) => number
  readonly y: (value: number) => number
  readonly box: { left: number; top: number; right: number; bottom: number }
  /** How many pixels of the canvas one of the page has. */
  readonly ratio: number
  readonly colours: Colours
}

export function groundOf(plot: uPlot, colours: Colours, ratio: number): Ground {
  const { left, top, width, height } = plot.bbox
  return {
    context: plot.ctx,
    x: (value) => plot.valToPos(value, 'x', true),
    y: (value) => plot.valToPos(value, 'y', true),
    box: { left, top, right: left + width, bottom: top + height },
    ratio,
    colours,
  }
}

/** What lies under the grid. */
export function paintBand(ground: Ground, { band }: Drawn): void {
  if (!band) return
  const { context, x, y, ratio, colours } = ground
  within(ground, () => {
    const [left, right, top, bottom] = [x(band.from), x(band.to), y(band.high), y(band.low)]
    context.fillStyle = colours('ground-marked')
    context.fillRect(left, top, Math.max(right - left, ratio), Math.max(bottom - top, ratio))
    stroke(ground, 'ink-quiet', 1, [2, 3], [left, y(band.middle), right, y(band.middle)])
  })
}

/** What lies under the lines. */
export function paintUnder(ground: Ground, drawn: Drawn): void {
  const { context, x, box, colours } = ground
  within(ground, () => {
    for (const mark of drawn.marks) {
      if (mark.to > mark.from) {
        context.globalAlpha = 0.1
        context.fillStyle = colours(TONES[mark.tone])
        context.fillRect(x(mark.from), box.top, x(mark.to) - x(mark.from), box.bottom - box.top)
        context.globalAlpha = 1
      }
      stroke(ground, TONES[mark.tone], mark.line === 'dotted' ? 1 : 1.5, DASHES[mark.line], [
        x(mark.x),
        box.top,
        x(mark.x),
        box.bottom,
      ])
    }
    if (countOf(drawn) <= MANY_POINTS) paintLevels(ground, drawn)
  })
}

function paintLevels(ground: Ground, { levels }: Drawn): void {
  const { x, y } = ground
  for (const { from, to, y: level } of levels) {
    stroke(ground, 'ink-quiet', 2, [], [x(from), y(level), x(to), y(level)])
  }
}

function countOf(drawn: Drawn): number {
  return drawn.series.reduce((sum, one) => sum + one.points.length, 0)
}

/** What lies over the lines. `at` is the point that has the attention. */
export function paintOver(ground: Ground, drawn: Drawn, at: ChartPoint | null): void {
  within(ground, () => {
    for (const tick of drawn.ticks) paintTick(ground, tick.x, tick.shape)
    const count = countOf(drawn)
    const radius = (count > MANY_POINTS ? 1.2 : count > FEW_POINTS ? 2 : 3.5) * ground.ratio
    drawn.series.forEach((series, number) => {
      ground.context.globalAlpha = count > MANY_POINTS || series.smooth ? FAINT : 1
      for (const point of series.points) paintPoint(ground, point, number, radius)
    })
    ground.context.globalAlpha = 1
    if (count > MANY_POINTS) paintLevels(ground, drawn)
    if (at) {
      const { context, x, y, colours, ratio } = ground
      context.beginPath()
      context.arc(x(at.x), y(at.y), 8 * ratio, 0, 2 * Math.PI)
      context.lineWidth = 2 * ratio
      context.strokeStyle = colours('accent')
      context.stroke()
    }
  })
  paintLabels(ground, drawn.marks)
}

function paintPoint(
  { context, x, y, colours, ratio }: Ground,
  point: ChartPoint,
  series: number,
  radius: number,
): void {
  const token = SERIES_TOKENS[series % SERIES_TOKENS.length] ?? 'series-1'
  const left = x(point.x)
  const top = y(point.y)
  const outline = outlineOf(shapeOf(point.look, series))
  context.beginPath()
  context.lineWidth = 1.5 * ratio
  context.strokeStyle = colours(point.look === 'far' ? 'doubt' : token)
  context.fillStyle = point.look === 'plain' ? colours(token) : colours('ground')
  if (outline) {
    for (const [across, down] of outline) context.lineTo(left + across * radius, top + down * radius)
    context.closePath()
  } else {
    context.arc(left, top, radius, 0, 2 * Math.PI)
  }
  context.fill()
  context.stroke()
}

function paintTick(ground: Ground, at: number, shape: 'missed' | 'failed'): void {
  const { box, x, ratio } = ground
  const left = x(at)
  const size = TICK_HEIGHT * ratio
  const low = box.bottom - 3 * ratio
  if (shape === 'missed') {
    stroke(ground, 'ink-quiet', 2, [], [left, low, left, low - size])
  } else {
    const half = size / 2
    stroke(ground, 'bad', 2, [], [left - half, low - size, left + half, low])
    stroke(ground, 'bad', 2, [], [left - half, low, left + half, low - size])
  }
}

/** Say at the head of each mark what it is; of those that would lie on each other the later go a row higher, or say nothing. */
function paintLabels(ground: Ground, marks: readonly ChartMark[]): void {
  const { context, x, box, ratio, colours } = ground
  context.save()
  context.font = `${12 * ratio}px ${getComputedStyle(document.body).fontFamily}`
  context.textAlign = 'left' // uPlot leaves it as its last axis was
  context.textBaseline = 'bottom'
  const ends = Array.from({ length: LABEL_ROWS }, () => Number.NEGATIVE_INFINITY)
  for (const mark of marks) {
    const stands = x(mark.x)
    if (!mark.label || stands < box.left || stands > box.right) continue
    const wide = context.measureText(mark.label).width
    const left = Math.min(Math.max(stands - wide / 2, box.left), Math.max(box.right - wide, box.left))
    const row = ends.findIndex((end) => left > end + GAP * ratio)
    if (row < 0) continue
    ends[row] = left + wide
    context.fillStyle = colours(TONES[mark.tone])
    context.fillText(mark.label, left, box.top - (3 + row * LABEL_HEIGHT) * ratio)
  }
  context.restore()
}

function stroke(
  { context, colours, ratio }: Ground,
  token: Token,
  width: number,
  dash: readonly number[],
  [fromX, fromY, toX, toY]: readonly [number, number, number, number],
): void {
  context.beginPath()
  context.setLineDash(dash.map((length) => length * ratio))
  context.lineWidth = width * ratio
  context.strokeStyle = colours(token)
  context.moveTo(fromX, fromY)
  context.lineTo(toX, toY)
  context.stroke()
  context.setLineDash([])
}

/** Paint so that nothing leaves the plot. */
function within({ context, box }: Ground, paint: () => void): void {
  context.save()
  context.beginPath()
  context.rect(box.left, box.top, box.right - box.left, box.bottom - box.top)
  context.clip()
  paint()
  context.restore()
}
