/** How much of each kind is known, with what leads to it. Counted once: counting all takes a moment where there is much. */
import { address } from '../../address/address'
import { useAnswer } from '../../api/use-answer'
import { Shown } from '../../parts/states'
import { texts } from '../../texts'

export function Known() {
  const said = texts.sources.known
  const answered = useAnswer('page-known', {})
  return (
    <section>
      <h2 class="before-table">{said.title}</h2>
      <Shown of={answered}>
        {(known) => (
          <dl class="figures">
            <Figure name={said.runs} count={known.runs.totalCount} href={address(['runs'])} />
            <Figure name={said.executions} count={known.executions.totalCount} />
            <Figure name={said.artifacts} count={known.artifacts.totalCount} href={address(['artifacts'])} />
            <Figure name={said.pipelines} count={known.pipelines.totalCount} />
            <Figure name={said.experiments} count={known.experiments.totalCount} href={address(['experiments'])} />
            <Figure name={said.recurring} count={known.recurringRuns.totalCount} href={address(['recurring'])} />
            <Figure name={said.deployments} count={known.deployments.totalCount} href={address(['deployments'])} />
          </dl>
        )}
      </Shown>
    </section>
  )
}

function Figure({ name, count, href }: { name: string; count: number; href?: string }) {
  return (
    <div>
      <dt>{href ? <a href={href}>{name}</a> : name}</dt>
      <dd class="number">{count.toLocaleString()}</dd>
    </div>
  )
}
