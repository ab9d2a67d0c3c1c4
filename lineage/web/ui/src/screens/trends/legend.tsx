/** What the marks of a chart say: of those that it has. */
import type { ComponentChildren } from 'preact'
import type { Drawn } from '../../charts/model'
import { pathOf, shapeOf } from '../../charts/shapes'
import { Name } from '../../parts/name'
import { texts } from '../../texts'

const RADIUS = 3.5

export function Legend({ drawn, smoothing }: { drawn: Drawn; smoothing: number | null }) {
  const said = texts.trends.legend
  const looks = new Set(drawn.series.flatMap((one) => one.points.map((point) => point.look)))
  const lines = new Set(drawn.marks.map((mark) => mark.line))
  const shapes = new Set(drawn.ticks.map((tick) => tick.shape))
  const areMany = drawn.series.length > 1
  const entries: readonly (readonly [isThere: boolean, picture: ComponentChildren, words: string])[] = [
    ...drawn.series.map(
      (one, number) =>
        [
          true,
          <path key="it" class={`key-series-${number + 1}`} d={pathOf(shapeOf('plain', number), 8, 8, RADIUS)} />,
          areMany ? one.name : said.computed,
        ] as const,
    ),
    [looks.has('hollow'), <path key="it" class="key-hollow" d={pathOf('circle', 8, 8, RADIUS)} />, said.cached],
    [looks.has('far'), <path key="it" class="key-far" d={pathOf('diamond', 8, 8, RADIUS)} />, said.outlier],
    [
      drawn.series.some((one) => one.smooth),
      <path key="it" class="key-smooth" d="M1 8h14" />,
      smoothing ? said.smoothed(smoothing) : '',
    ],
    [drawn.levels.length > 0, <path key="it" class="key-level" d="M1 8h14" />, said.level],
    [drawn.band !== null, <rect key="it" class="key-band" x="1" y="4" width="14" height="8" />, said.band],
    [lines.has('solid'), <path key="it" class="key-shift" d="M8 1v14" />, said.shift],
    [lines.has('dashed'), <path key="it" class="key-alarm" d="M8 1v14" />, said.alarm],
    [lines.has('dotted'), <path key="it" class="key-version" d="M8 1v14" />, said.version],
    [shapes.has('failed'), <path key="it" class="key-failed" d="M4 4l8 8M12 4l-8 8" />, said.failed],
    [shapes.has('missed'), <path key="it" class="key-missed" d="M8 4v8" />, said.missed],
    [drawn.lanes.length > 0, <path key="it" class="key-change" d={pathOf('diamond', 8, 8, RADIUS)} />, said.change],
  ]
  return (
    <ul class="chart-legend" aria-label={texts.trends.chart.legend}>
      {entries
        .filter(([isThere]) => isThere)
        .map(([, picture, words]) => (
          <li key={words}>
            <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
              {picture}
            </svg>
            <Name text={words} />
          </li>
        ))}
    </ul>
  )
}
