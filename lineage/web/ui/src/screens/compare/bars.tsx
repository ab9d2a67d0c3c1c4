/** Metrics as bars, one for each run, from zero: so that their lengths say what their numbers say. */
import { SERIES_TOKENS } from '../../charts/colours'
import { Name } from '../../parts/name'
import { texts } from '../../texts'
import type { Row, Run } from './rows'

export function MetricBars({ rows, runs }: { rows: readonly Row[]; runs: readonly Run[] }) {
  const drawn = rows.filter((row) => row.cells.some((cell) => cell?.number !== undefined))
  if (!drawn.length) return null
  return (
    <section class="card">
      <h2>{texts.compare.chart}</h2>
      <div class="columns">
        {drawn.map((row) => (
          <Bars key={row.id} row={row} runs={runs} />
        ))}
      </div>
    </section>
  )
}

function Bars({ row, runs }: { row: Row; runs: readonly Run[] }) {
  const { from, to } = reachOf(row)
  const place = (value: number) => (100 * (value - from)) / (to - from)
  return (
    <figure class="bars">
      <figcaption>
        <h3>
          <Name text={row.name} />
        </h3>
      </figcaption>
      <ul aria-label={texts.compare.bars(row.name)}>
        {row.cells.map((cell, at) => {
          const run = runs[at]
          if (!run) return null
          const value = cell?.number
          return (
            <li key={run.id}>
              <Name text={run.displayName} />
              <svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
                {value !== undefined && (
                  <rect
                    class={`key-${SERIES_TOKENS[at % SERIES_TOKENS.length]}`}
                    x={Math.min(place(value), place(0))}
                    width={Math.max(Math.abs(place(value) - place(0)), 0.5)}
                    height="10"
                  />
                )}
              </svg>
              <span class="number">{cell?.text ?? texts.words.none}</span>
            </li>
          )
        })}
      </ul>
    </figure>
  )
}

/** From the least to the largest, and zero among them. */
export function reachOf(row: Row): { from: number; to: number } {
  const values = row.cells.flatMap((cell) => (cell?.number === undefined ? [] : [cell.number]))
  const from = Math.min(0, ...values)
  const to = Math.max(0, ...values)
  return from < to ? { from, to } : { from: 0, to: 1 }
}
