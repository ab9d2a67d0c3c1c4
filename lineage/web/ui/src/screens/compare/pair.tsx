/** Two of the runs in detail: what differs, first what could have changed the results, and the texts that they ran. */
import { useId } from 'preact/hooks'
import { change } from '../../address/use-address'
import { useAnswer } from '../../api/use-answer'
import { Differences } from '../../comparison/differences'
import { Field } from '../../parts/filters'
import { lazily } from '../../parts/lazily'
import { Name } from '../../parts/name'
import { Shown } from '../../parts/states'
import { texts } from '../../texts'
import type { Run } from './rows'
import type { SpecDiffProps } from './spec-diff'

const SpecDiff = lazily<SpecDiffProps>(() => import('./spec-diff').then((it) => it.SpecDiff))

export function Pair({ runs, chosen }: { runs: readonly Run[]; chosen: string | undefined }) {
  const said = texts.compare
  const id = useId()
  const [base, ...others] = runs
  const other = others.find((run) => run.id === chosen) ?? others[0]
  const asked = useAnswer('page-run-diff', base && other ? { base: base.id, target: other.id } : null)
  if (!base || !other) return null
  return (
    <section class="card stack">
      <h2>{said.pair}</h2>
      <div class="filters">
        <div class="field">
          <span class="quiet">{said.between}</span>
          <Name text={base.displayName} />
        </div>
        <Field id={id} label={said.and}>
          <select id={id} value={other.id} onChange={(event) => change({ with: event.currentTarget.value })}>
            {others.map((run) => (
              <option key={run.id} value={run.id}>
                {run.displayName}
              </option>
            ))}
          </select>
        </Field>
      </div>
      <Shown of={asked}>{(data) => (data.runDiff ? <Differences of={data.runDiff} /> : null)}</Shown>
      <h3>{said.specDiff}</h3>
      <SpecDiff base={base.id} target={other.id} />
    </section>
  )
}
