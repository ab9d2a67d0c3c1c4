/** Everything that is known of one step, beside the graph that it stands in. */
import { address } from '../address/address'
import type { Answer } from '../api/queries'
import { useAnswer } from '../api/use-answer'
import { Facts } from '../parts/facts'
import { PhaseMark } from '../parts/phase'
import { Empty, Shown } from '../parts/states'
import { Duration, Identifier, Moment, ParameterValue } from '../parts/values'
import { metricText } from '../parts/wording'
import { texts } from '../texts'
import { DetailList } from './details'

type Step = Extract<NonNullable<Answer<'page-step'>['node']>, { __typename: 'Execution' }>
type Use = Step['inputs'][number]
type Parameter = Step['inputParameters'][number]

const words = texts.graph.step
const BUILT_IN = 'built in'

export function StepDetails({ id }: { id: string }) {
  const answered = useAnswer('page-step', { id })
  return (
    <Shown of={answered}>
      {({ node }) => (node?.__typename === 'Execution' ? <StepFacts step={node} /> : <Empty title={words.unknown} />)}
    </Shown>
  )
}

function StepFacts({ step }: { step: Step }) {
  return (
    <div class="stack">
      <div class="row">
        <PhaseMark phase={step.phase} />
        {step.cached && <span class="quiet">{texts.graph.cached}</span>}
        {step.superseded && <span class="quiet">{words.superseded}</span>}
      </div>
      {step.message && <p class="detail-message">{step.message}</p>}
      <Facts
        of={[
          [words.started, <Moment key="started" at={step.startedAt} />],
          [words.finished, <Moment key="finished" at={step.finishedAt} />],
          [words.took, <Duration key="took" seconds={step.durationSeconds} />],
          step.attempt > 0 && [words.attempt, step.attempt + 1],
          step.iteration !== null && [words.iteration, step.iteration],
          step.exitCode !== null && [words.exitCode, step.exitCode],
          step.restarts > 0 && [words.restarts, step.restarts],
          step.template !== null && [words.template, <code key="template">{step.template}</code>],
          step.component !== null && [words.component, step.component],
          [words.kind, step.kind],
          step.stoppedEarly && [words.stoppedEarly, texts.words.yes],
          step.cachedFrom && [words.cachedFrom, <CachedFrom key="from" of={step.cachedFrom} />],
        ]}
      />
      <DetailList title={words.metrics} of={step.metrics.filter((one) => one.source !== BUILT_IN)}>
        {(metric) => (
          <li key={metric.name} class="detail-pair">
            <bdi>{metric.name}</bdi>
            <span class="number">{metricText(metric)}</span>
          </li>
        )}
      </DetailList>
      <Parameters title={words.inputParameters} of={step.inputParameters} />
      <Parameters title={words.outputParameters} of={step.outputParameters} />
      <Uses title={words.inputs} of={step.inputs} />
      <Uses title={words.outputs} of={step.outputs} />
      <DetailList title={words.startedRuns} of={step.startedRuns.nodes}>
        {(run) => (
          <li key={run.id} class="row">
            <a href={address(['runs', run.id])}>{run.displayName}</a>
            <PhaseMark phase={run.phase} />
          </li>
        )}
      </DetailList>
      <DetailList title={words.images} of={step.images}>
        {(image) => (
          <li key={`${image.container} ${image.reference}`}>
            <span class="quiet">{image.container}</span>
            <br />
            <code>{image.reference}</code>
            {image.digest && (
              <>
                <br />
                <Identifier text={image.digest} what={words.digest} most={28} />
              </>
            )}
          </li>
        )}
      </DetailList>
      <DetailList title={words.pods} of={step.pods}>
        {(pod) => (
          <li key={pod.uid}>
            <Identifier text={pod.name} what={words.pod} most={36} />
            <div class="quiet">
              {[
                texts.words.phases[pod.phase],
                pod.reason,
                pod.exitCode !== null && words.exited(pod.exitCode),
                pod.restarts > 0 && words.restarted(pod.restarts),
                pod.node && words.onNode(pod.node),
                !pod.inCluster && words.gone,
              ]
                .filter(Boolean)
                .join(' · ')}
            </div>
          </li>
        )}
      </DetailList>
    </div>
  )
}

function CachedFrom({ of: { id, displayName, run } }: { of: NonNullable<Step['cachedFrom']> }) {
  return (
    <>
      <a href={address(['runs', run.id, 'graph'], { step: id })}>{displayName}</a> {words.of}{' '}
      <a href={address(['runs', run.id])}>{run.displayName}</a>
    </>
  )
}

function Parameters({ title, of }: { title: string; of: readonly Parameter[] }) {
  return (
    <DetailList title={title} of={of}>
      {(parameter) => (
        <li key={parameter.name} class="detail-pair">
          <bdi>{parameter.name}</bdi>
          <ParameterValue {...parameter} />
        </li>
      )}
    </DetailList>
  )
}

function Uses({ title, of }: { title: string; of: readonly Use[] }) {
  return (
    <DetailList title={title} of={of}>
      {({ name, role, ambiguous, inferred, artifact }) => (
        <li key={`${name} ${artifact.id}`}>
          <a href={address(['artifacts', artifact.id])}>
            <bdi>{name}</bdi>
          </a>
          <span class="quiet">
            {[
              artifact.type,
              role === 'REUSED' && words.reused,
              inferred && words.inferred,
              ambiguous && words.ambiguous,
              artifact.state !== 'UNVERIFIED' && texts.words.artifactStates[artifact.state],
            ]
              .filter(Boolean)
              .map((word) => ` · ${word}`)}
          </span>
          {artifact.uri && (
            <div>
              <Identifier text={artifact.uri} what={words.uri} most={44} />
            </div>
          )}
        </li>
      )}
    </DetailList>
  )
}
