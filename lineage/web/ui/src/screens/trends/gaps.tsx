/** Where there is no value, and why. */
import { address } from '../../address/address'
import { Name } from '../../parts/name'
import { Table } from '../../parts/table'
import { Moment } from '../../parts/values'
import { texts } from '../../texts'
import type { Gap } from './drawing'

const MOST_ROWS = 50

export function GapTable({ gaps }: { gaps: readonly Gap[] }) {
  const said = texts.trends.gaps
  const shown = gaps.slice(-MOST_ROWS).reverse()
  return (
    <section class="card">
      <h2>{said.title}</h2>
      <details class="more">
        <summary>{said.count(gaps.length)}</summary>
        <Table
          caption={said.title}
          columns={[
            { id: 'at', title: said.at, cell: (gap) => <Moment at={gap.at} /> },
            {
              id: 'run',
              title: said.run,
              cell: (gap) =>
                gap.run ? (
                  <Name text={gap.run.displayName} href={address(['runs', gap.run.id])} />
                ) : (
                  <span class="quiet">{said.missed}</span>
                ),
            },
            { id: 'why', title: said.why, cell: (gap) => gap.reason },
          ]}
          rows={shown}
          keyOf={(gap) => `${gap.at} ${gap.run?.id ?? ''}`}
        />
        {shown.length < gaps.length && <p class="quiet">{said.most(shown.length, gaps.length)}</p>}
      </details>
    </section>
  )
}
