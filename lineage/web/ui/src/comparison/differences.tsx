/** What differs between two runs, as the API tells it: first what could have changed the results. */
import type { Answer } from '../api/queries'
import { Table } from '../parts/table'
import { texts } from '../texts'
import { brief } from './brief'

export type Diff = NonNullable<Answer<'page-run-diff'>['runDiff']>
type Change = Diff['changes'][number]

export function Differences({ of }: { of: Diff }) {
  const said = texts.comparison
  const causal = of.changes.filter((change) => change.causal)
  const other = of.changes.filter((change) => !change.causal)
  return (
    <div class="stack">
      {of.identical && <p>{said.identical}</p>}
      {!of.identical && !of.changes.length && <p>{said.nothing}</p>}
      {causal.length > 0 && <Changes caption={said.causal} changes={causal} />}
      {other.length > 0 && (
        <details class="more" open={!causal.length}>
          <summary>{said.other(other.length)}</summary>
          <Changes caption={said.others} changes={other} />
        </details>
      )}
      {of.notCompared.length > 0 && (
        <details class="more">
          <summary>{said.notCompared(of.notCompared.length)}</summary>
          <ul class="plain-list">
            {of.notCompared.map((one) => (
              <li key={one}>{one}</li>
            ))}
          </ul>
        </details>
      )}
    </div>
  )
}

function Changes({ caption, changes }: { caption: string; changes: readonly Change[] }) {
  const said = texts.comparison
  return (
    <Table
      caption={caption}
      columns={[
        { id: 'kind', title: said.columns.kind, cell: (change) => said.kinds[change.kind] },
        {
          id: 'what',
          title: said.columns.what,
          cell: (change) => (
            <>
              <div>
                <bdi>{change.step ?? said.ofRun}</bdi>: <code class="value">{change.path}</code>
              </div>
              {change.detail && <div class="quiet">{change.detail}</div>}
            </>
          ),
        },
        { id: 'before', title: said.columns.before, cell: (change) => <Side text={change.before} /> },
        { id: 'after', title: said.columns.after, cell: (change) => <Side text={change.after} /> },
      ]}
      rows={changes}
      keyOf={(change) => `${change.kind} ${change.step} ${change.path}`}
    />
  )
}

/** What one side has; nothing where it is not there. */
export function Side({ text }: { text: string | null | undefined }) {
  if (text === null || text === undefined) return <span class="quiet">{texts.comparison.notThere}</span>
  return (
    <code class="value" title={text}>
      {brief(text)}
    </code>
  )
}
