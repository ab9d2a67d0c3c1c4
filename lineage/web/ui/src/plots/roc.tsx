/** ROC curves, of one or of several runs, with the diagonal of chance; and the same as a table. */
import { Table } from '../parts/table'
import { numberText } from '../parts/wording'
import { texts } from '../texts'
import { areaUnder, type RocPoint } from './plots'

const SIZE = 240
const MARGIN = 34
const TICKS = [0, 0.5, 1]
const MOST_ROWS = 200
/** With six colours, twelve curves are told apart, and any two by their form alone. */
const DASHES = ['none', '8 3', '2 3', '8 3 2 3'] as const

export interface Curve {
  readonly name: string
  readonly points: readonly RocPoint[]
}

export function RocCurves({ curves }: { curves: readonly Curve[] }) {
  const said = texts.runReports
  const x = (rate: number) => MARGIN + rate * SIZE
  const y = (rate: number) => MARGIN / 2 + (1 - rate) * SIZE
  return (
    <figure class="roc">
      <svg viewBox={`0 0 ${SIZE + 1.5 * MARGIN} ${SIZE + 1.7 * MARGIN}`} role="img" aria-label={said.roc}>
        <rect class="roc-ground" x={x(0)} y={y(1)} width={SIZE} height={SIZE} />
        <line class="roc-chance" x1={x(0)} y1={y(0)} x2={x(1)} y2={y(1)} />
        {TICKS.map((tick) => (
          <g key={tick} class="roc-tick">
            <text x={x(tick)} y={y(0) + 14} text-anchor="middle">
              {tick}
            </text>
            <text x={x(0) - 6} y={y(tick) + 4} text-anchor="end">
              {tick}
            </text>
          </g>
        ))}
        <text class="roc-axis" x={x(0.5)} y={y(0) + 30} text-anchor="middle">
          {said.rocAxes.x}
        </text>
        <text class="roc-axis" transform={`translate(${x(0) - 24} ${y(0.5)}) rotate(-90)`} text-anchor="middle">
          {said.rocAxes.y}
        </text>
        {curves.map((curve, at) => (
          <polyline
            key={curve.name}
            class={`series series-${(at % 6) + 1}`}
            stroke-dasharray={DASHES[at % DASHES.length]}
            points={curve.points.map(([falseRate, trueRate]) => `${x(falseRate)},${y(trueRate)}`).join(' ')}
          />
        ))}
      </svg>
      <figcaption>
        <ul class="legend">
          {curves.map((curve, at) => (
            <li key={curve.name}>
              <svg class="swatch" viewBox="0 0 32 8" aria-hidden="true">
                <path
                  class={`series series-${(at % 6) + 1}`}
                  stroke-dasharray={DASHES[at % DASHES.length]}
                  d="M0 4h32"
                />
              </svg>
              {curves.length > 1 && <bdi>{curve.name}: </bdi>}
              {said.area(numberText(areaUnder(curve.points)))}
            </li>
          ))}
        </ul>
        {curves.map((curve) => (
          <details key={curve.name}>
            <summary>
              {said.points}
              {curves.length > 1 && ` (${curve.name})`}
            </summary>
            <Table
              caption={said.points}
              keyOf={(point) => point.join(' ')}
              rows={curve.points.slice(0, MOST_ROWS)}
              columns={[
                { id: 'false', title: said.rocAxes.x, isNumber: true, cell: (point) => numberText(point[0]) },
                { id: 'true', title: said.rocAxes.y, isNumber: true, cell: (point) => numberText(point[1]) },
                {
                  id: 'threshold',
                  title: said.threshold,
                  isNumber: true,
                  cell: (point) => (point[2] === null ? '∞' : numberText(point[2])),
                },
              ]}
            />
          </details>
        ))}
      </figcaption>
    </figure>
  )
}
