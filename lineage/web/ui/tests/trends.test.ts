import { describe, expect, it } from 'vitest'
import { heightOf, logTicks, roundTicks } from '../src/charts/axes'
import { aligned, pointsWithin, steppedTo, wholeRange } from '../src/charts/model'
import { places } from '../src/charts/sparkline'
import { csvOf } from '../src/parts/csv'
import { drawnOf, type Point, type Trend } from '../src/screens/trends/drawing'
import { runBefore } from '../src/screens/trends/point-panel'
import { recordsOf, rowsOf } from '../src/screens/trends/rows'
import { rangeParams, type View, viewOf } from '../src/screens/trends/view'

const DAY = 86_400
const BEGIN = Date.UTC(2026, 10, 1, 2) / 1_000

function at(day: number): string {
  return new Date((BEGIN + day * DAY) * 1_000).toISOString()
}

function run(day: number) {
  return { id: `run-${day}`, displayName: `nightly-${day}`, startedAt: at(day + 0.01) }
}

function point(day: number, value: number, more: Partial<Point> = {}): Point {
  return {
    run: { ...run(day), uid: null, phase: 'SUCCEEDED' },
    execution: null,
    value,
    at: at(day),
    scheduledAt: at(day),
    cached: false,
    outlier: false,
    versionChanged: false,
    ...more,
  }
}

const NOTHING = {
  count: 0,
  latest: null,
  previous: null,
  difference: null,
  relativeDifference: null,
  best: null,
  median: null,
  mad: null,
  iqr: null,
  min: null,
  max: null,
  zScore: null,
  autocorrelation: null,
  slopePerDay: null,
  slopeLow: null,
  slopeHigh: null,
  trendPValue: null,
  missing: 0,
  slotsMissed: 0,
  falseDiscovery: null,
}

function trend(more: Partial<Trend>): Trend {
  return {
    metric: 'accuracy',
    task: null,
    split: null,
    direction: 'HIGHER',
    leastEffect: null,
    verdict: 'STEADY',
    points: [],
    gaps: [],
    shifts: [],
    summary: NOTHING,
    alarm: null,
    noise: null,
    warnings: [],
    changes: [],
    ...more,
  }
}

function shift(after: number, before: number, level: number): Trend['shifts'][number] {
  return {
    at: at(after),
    before: run(after - 1),
    after: run(after),
    earliest: run(after - 1),
    latest: run(after),
    medianBefore: before,
    medianAfter: level,
    relativeChange: (level - before) / before,
    effect: -3,
    pValue: 0.001,
    verdict: 'REGRESSION',
    suspects: [],
    notTracked: 1,
    confounded: false,
    together: [],
    separating: [],
  }
}

const PLAIN: View = viewOf({})

describe('what is drawn of a trend', () => {
  it('stands where runs were due, where they started, or at their numbers', () => {
    const one = trend({ points: [point(0, 1), point(1, 2)] })
    const places = (view: View) => drawnOf([one], view).series[0]?.points.map((it) => it.x)
    expect(places(PLAIN)).toEqual([BEGIN, BEGIN + DAY])
    expect(places(viewOf({ x: 'started' }))).toEqual([BEGIN + 0.01 * DAY, BEGIN + 1.01 * DAY])
    expect(places(viewOf({ x: 'number' }))).toEqual([1, 2])
  })

  it('counts runs without a value, and puts a missed slot between two', () => {
    const gaps = [
      { at: at(1), scheduledAt: at(1), reason: 'it failed', missed: false, run: run(1) },
      { at: at(2), scheduledAt: at(2), reason: 'none was made', missed: true, run: null },
    ]
    const drawn = drawnOf([trend({ points: [point(0, 1), point(3, 2)], gaps })], viewOf({ x: 'number' }))
    expect(drawn.series[0]?.points.map((it) => it.x)).toEqual([1, 3])
    expect(drawn.ticks.map((tick) => [tick.x, tick.shape])).toEqual([
      [2, 'failed'],
      [2.5, 'missed'],
    ])
  })

  it('has a level before, between and after shifts', () => {
    const points = [0, 1, 2, 3, 4, 5].map((day) => point(day, 1))
    const drawn = drawnOf([trend({ points, shifts: [shift(2, 10, 5), shift(4, 5, 8)] })], PLAIN)
    expect(drawn.levels.map((level) => [(level.from - BEGIN) / DAY, (level.to - BEGIN) / DAY, level.y])).toEqual([
      [0, 1, 10],
      [2, 3, 5],
      [4, 5, 8],
    ])
    expect(drawn.marks.map((mark) => mark.label)).toEqual(['−50 %, p = 0.001', '+60 %, p = 0.001'])
  })

  it('shows what is usual where the last value is compared with it: since the latest shift', () => {
    const points = [0, 1, 2, 3, 4].map((day) => point(day, 1))
    const summary = { ...NOTHING, median: 8, mad: 1 }
    const drawn = drawnOf([trend({ points, shifts: [shift(2, 10, 8)], summary })], PLAIN)
    expect(drawn.band).toEqual({ from: BEGIN + 2 * DAY, to: BEGIN + 4 * DAY, low: 7, middle: 8, high: 9 })
  })

  it('draws no line to an old value, and smooths over what was computed', () => {
    const points = [point(0, 1), point(1, 9, { cached: true }), point(2, 2), point(3, 30), point(4, 3), point(5, 4)]
    const drawn = drawnOf([trend({ points })], { ...PLAIN, smoothing: 5 })
    const [, values, smooth] = aligned(drawn)
    expect(values).toEqual([1, null, 2, 30, 3, 4])
    expect(smooth).toEqual([2, null, 2.5, 3, 3.5, 4])
  })

  it('has a lane for each kind of change, a mark for each run, which leads to its point', () => {
    const change = (day: number, kind: 'IMAGE' | 'PARAMETER', says: string) => ({
      run: { id: run(day).id },
      at: at(day),
      kind,
      says,
    })
    const changes = [change(1, 'PARAMETER', 'rate'), change(1, 'PARAMETER', 'seed'), change(1, 'IMAGE', 'main')]
    const drawn = drawnOf([trend({ points: [point(0, 1), point(1, 2)], changes })], PLAIN)
    expect(drawn.lanes.map((lane) => [lane.name, lane.marks.map((mark) => [mark.key, mark.told])])).toEqual([
      ['Image', [['run-1', ['main']]]],
      ['Parameter', [['run-1', ['rate', 'seed']]]],
    ])
    expect(drawn.series[0]?.points[1]?.told.slice(-3)).toEqual(['rate', 'seed', 'main'])
  })

  it('leaves outliers out where they are hidden, and out of the files', () => {
    const one = trend({ points: [point(0, 1), point(1, 9, { outlier: true }), point(2, 1)] })
    const view = viewOf({ outliers: 'hidden' })
    const rows = rowsOf([one], drawnOf([one], view), view, null)
    expect(recordsOf(rows).map((row) => row.run)).toEqual(['nightly-0', 'nightly-2'])
  })

  it('is saved as far as it is shown', () => {
    const one = trend({ points: [0, 1, 2, 3].map((day) => point(day, day)) })
    const view = viewOf({ from: at(1), to: at(2) })
    expect(rowsOf([one], drawnOf([one], view), view, view.range).map((row) => row.point.value)).toEqual([1, 2])
  })

  it('is walked over in the order of its axis, whichever series a point is of', () => {
    const some = [trend({ points: [point(0, 1), point(2, 3)] }), trend({ points: [point(1, 2)] })]
    const drawn = drawnOf(some, PLAIN)
    expect(pointsWithin(drawn, wholeRange(drawn)).map((it) => it.y)).toEqual([1, 2, 3])
  })
})

describe('a range in the address', () => {
  it('comes back as it went in', () => {
    const range = { from: BEGIN, to: BEGIN + DAY }
    const params = rangeParams(range, 'due')
    expect(viewOf({ from: params.from ?? '', to: params.to ?? '' }).range).toEqual(range)
  })

  it('says nothing where it cannot be read, or ends before it begins', () => {
    expect(viewOf({ from: 'once' }).range).toBeNull()
    expect(viewOf({ from: at(2), to: at(1) }).range).toBeNull()
  })
})

describe('the run before', () => {
  it('is another run, also where one has several points', () => {
    const one = trend({ points: [point(0, 1), point(1, 2), point(1, 3)] })
    expect(runBefore(one, 2)?.run.id).toBe('run-0')
    expect(runBefore(one, 0)).toBeNull()
  })
})

describe('axes', () => {
  it('leave room, also around a single value', () => {
    expect(heightOf(0, 100, false)).toEqual([-8, 108])
    const [low, high] = heightOf(0, 0, false)
    expect(low).toBeLessThan(0)
    expect(high).toBeGreaterThan(0)
  })

  it('have round ticks', () => {
    expect(roundTicks(0.861, 0.921)).toEqual([0.88, 0.9, 0.92])
    expect(logTicks(0.861, 0.921)).toEqual([0.88, 0.9, 0.92])
    expect(logTicks(1, 1_000)).toEqual([1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000])
  })
})

it('keys lead from point to point, and no further than the last', () => {
  expect(steppedTo('ArrowRight', -1, 3)).toBe(0)
  expect(steppedTo('ArrowLeft', -1, 3)).toBe(2)
  expect(steppedTo('PageDown', 1, 3)).toBe(2)
  expect(steppedTo('x', 1, 3)).toBeNull()
  expect(steppedTo('End', 0, 0)).toBeNull()
})

it('a sparkline of many values has few points, and ends with the last value', () => {
  const drawn = places([...Array(5_000).keys()])
  expect(drawn.length).toBeLessThan(300)
  expect(drawn[drawn.length - 1]).toEqual([117, 3])
})

it('a text that a spreadsheet would take for a formula is none in CSV', () => {
  expect(csvOf([{ run: '=1+1', value: -1, note: 'a "b",\nc', none: null }])).toBe(
    'run,value,note,none\n\'=1+1,-1,"a ""b"",\nc",\n',
  )
})
