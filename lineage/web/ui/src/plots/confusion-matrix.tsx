/** How often each label was taken for which: a table, its cells tinted by their share of the row. */

import { texts } from '../texts'
import type { Plot } from './plots'

const TINTS = 5

export function ConfusionMatrix({
  plot,
  label = texts.runReports.confusion,
}: {
  plot: Extract<Plot, { type: 'confusion_matrix' }>
  /** What it is of, where there are several. */
  label?: string
}) {
  const [row, column] = plot.axes
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard (WCAG 2.1.1)
    <section class="table confusion" aria-label={label} tabIndex={0}>
      <table>
        <caption>{texts.runReports.confusionAxes(row, column)}</caption>
        <thead>
          <tr>
            <td />
            {plot.labels.map((label) => (
              <th key={label} scope="col" class="number">
                {label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {plot.counts.map((counts, at) => {
            const all = counts.reduce((sum, count) => sum + count, 0)
            return (
              <tr key={plot.labels[at]}>
                <th scope="row">{plot.labels[at]}</th>
                {counts.map((count, other) => (
                  <td key={plot.labels[other]} class={`number tint-${all ? Math.round((TINTS * count) / all) : 0}`}>
                    {count.toLocaleString('en')}
                  </td>
                ))}
              </tr>
            )
          })}
        </tbody>
      </table>
    </section>
  )
}
