/** What each step of a run took and gave: parameters and artifacts. */
import { address } from '../../address/address'
import { useUpdates } from '../../api/live'
import type { Answer } from '../../api/queries'
import { useAnswer } from '../../api/use-answer'
import { Pager, pageAsked } from '../../parts/pager'
import { PhaseMark } from '../../parts/phase'
import { Empty, Shown } from '../../parts/states'
import { Table } from '../../parts/table'
import { ParameterValue } from '../../parts/values'
import { texts } from '../../texts'
import type { TabProps } from '.'

const PAGE = 50

type Run = Extract<Answer<'page-run-steps'>['node'], { __typename: 'Run' }>
type Step = Run['executions']['nodes'][number]

export function StepsTab({ run, params }: TabProps) {
  useUpdates(['page-run-steps'], run.id)
  const answered = useAnswer('page-run-steps', { id: run.id, ...pageAsked(params, PAGE) })
  return (
    <Shown of={answered}>
      {({ node }) => {
        if (node?.__typename !== 'Run' || !node.executions.nodes.length) return <Empty title={texts.runSteps.none} />
        return (
          <>
            <Table
              caption={texts.runSteps.title}
              keyOf={(step) => step.id}
              rows={node.executions.nodes}
              columns={[
                {
                  id: 'step',
                  title: texts.run.step,
                  cell: (step) => (
                    <>
                      <a href={address(['runs', run.id, 'graph'], { step: step.id })}>{step.displayName}</a>{' '}
                      {step.attempt > 0 && <span class="quiet">{texts.runSteps.attempt(step.attempt)}</span>}
                    </>
                  ),
                },
                { id: 'phase', title: texts.runs.column.phase, cell: (step) => <PhaseMark phase={step.phase} /> },
                {
                  id: 'taken',
                  title: texts.runSteps.taken,
                  cell: (step) => <Exchanged parameters={step.inputParameters} artifacts={step.inputs} />,
                },
                {
                  id: 'given',
                  title: texts.runSteps.given,
                  cell: (step) => <Exchanged parameters={step.outputParameters} artifacts={step.outputs} />,
                },
              ]}
            />
            <Pager of={node.executions.pageInfo} />
          </>
        )
      }}
    </Shown>
  )
}

function Exchanged({
  parameters,
  artifacts,
}: {
  parameters: Step['inputParameters']
  artifacts: Step['inputs'] | Step['outputs']
}) {
  if (!parameters.length && !artifacts.length) return <span class="quiet">{texts.runSteps.nothing}</span>
  return (
    <ul class="exchanged">
      {parameters.map((one) => (
        <li key={`parameter ${one.name}`}>
          <span class="quiet">{one.name} =</span> <ParameterValue {...one} />
        </li>
      ))}
      {artifacts.map((use) => (
        <li key={`artifact ${use.name} ${use.artifact.id}`}>
          <span class="quiet">{use.name}:</span>{' '}
          <a href={address(['artifacts', use.artifact.id])} title={use.artifact.uri ?? undefined}>
            {use.artifact.name}
          </a>{' '}
          {use.inferred && (
            <span class="quiet" title={texts.runSteps.inferredWhy}>
              ({texts.runSteps.inferred})
            </span>
          )}
        </li>
      ))}
    </ul>
  )
}
