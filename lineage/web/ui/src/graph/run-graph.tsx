/** The steps of a run as a graph, live while it runs: plumbing hidden, what is alike folded, the details of one beside it. */
import { useMemo } from 'preact/hooks'
import { change } from '../address/use-address'
import { useUpdates } from '../api/live'
import type { Answer } from '../api/queries'
import { useAnswer } from '../api/use-answer'
import { Empty, Shown } from '../parts/states'
import { texts } from '../texts'
import { Details } from './details'
import { Graph } from './graph'
import { StepDetails } from './step-details'
import { hasPlumbing, likeSteps, stepsPicture } from './steps'

type Run = Extract<NonNullable<Answer<'run-graph'>['node']>, { __typename: 'Run' }>

interface RunGraphProps {
  /** The id of the run. */
  readonly run: string
  /** Of the address: `step` beside the graph, groups that are `open`, `system` to see plumbing. */
  readonly params: Readonly<Record<string, string>>
}

export function RunGraph({ run, params }: RunGraphProps) {
  useUpdates(['run-graph', 'page-step'], run)
  const answered = useAnswer('run-graph', { id: run })
  return (
    <Shown of={answered}>
      {({ node }) =>
        node?.__typename === 'Run' && node.graph.executions.length ? (
          <Steps run={node} params={params} />
        ) : (
          <Empty title={texts.graph.empty}>
            <p>{texts.graph.emptyWhy}</p>
          </Empty>
        )
      }
    </Shown>
  )
}

function Steps({ run, params }: { run: Run; params: Readonly<Record<string, string>> }) {
  const { graph } = run
  const withPlumbing = params.system === '1'
  const opened = params.open ?? ''
  const step = params.step ?? null
  // A step that is looked at is seen, also where it would be folded: its group is opened for it.
  const open = useMemo(() => new Set([...opened.split(','), ...(step ? [step] : [])]), [opened, step])
  const picture = useMemo(() => stepsPicture(graph, withPlumbing, open), [graph, withPlumbing, open])
  const chosen = graph.executions.find((one) => one.id === step)
  const close = () => change({ step: null })
  const unfold = (members: readonly { id: string }[]) =>
    change({ open: [...opened.split(',').filter(Boolean), ...members.slice(0, 1).map(({ id }) => id)].join() })
  const fold = (id: string) => {
    const members = likeSteps(graph, withPlumbing, id)
    if (!members.length) return false
    const rest = opened.split(',').filter((one) => one && !members.includes(one))
    change({ open: rest.join(), step: step !== null && members.includes(step) ? null : step })
    return true
  }
  const alike = chosen ? likeSteps(graph, withPlumbing, chosen.id) : []
  return (
    <div class="graph">
      {!graph.complete && <p class="graph-note">{texts.graph.incomplete}</p>}
      <Graph
        title={texts.graph.stepsOf(run.displayName)}
        picture={picture}
        params={params}
        selected={step}
        gestures={{
          onOpen: (thing) => (thing.members.length ? unfold(thing.members) : change({ step: thing.id })),
          onCollapse: (thing) => fold(thing.id),
          onClose: step ? close : undefined,
        }}
        controls={
          <>
            {hasPlumbing(graph) && (
              <label>
                <input
                  type="checkbox"
                  checked={withPlumbing}
                  onChange={() => change({ system: withPlumbing ? null : '1' })}
                />
                {texts.graph.plumbing}
              </label>
            )}
            {opened && (
              <button type="button" onClick={() => change({ open: null })}>
                {texts.graph.foldAll}
              </button>
            )}
          </>
        }
        details={
          chosen && (
            <Details
              kind={texts.graph.kinds.execution}
              icon="step"
              title={chosen.displayName}
              onClose={close}
              actions={
                alike.length > 0 && (
                  <button type="button" onClick={() => fold(chosen.id)}>
                    {texts.graph.fold(alike.length)}
                  </button>
                )
              }
            >
              <StepDetails id={chosen.id} />
            </Details>
          )
        }
      />
    </div>
  )
}
