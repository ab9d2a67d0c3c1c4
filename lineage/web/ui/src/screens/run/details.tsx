/** What a run is: its names and times, what it was given, and what it reported. */
import { address } from '../../address/address'
import { Facts } from '../../parts/facts'
import { Table } from '../../parts/table'
import { Identifier, Moment, ParameterValue } from '../../parts/values'
import { metricText } from '../../parts/wording'
import { texts } from '../../texts'
import type { TabProps } from '.'
import type { KnownRun } from './known'

export function DetailsTab({ run }: TabProps) {
  return (
    <div class="stack">
      {!run.completeness.complete && (
        <div class="trouble">
          {texts.run.incomplete}
          <ul class="inline-list">
            {run.completeness.missing.map((what) => (
              <li key={what}>{what}</li>
            ))}
          </ul>
        </div>
      )}
      {run.message && (
        <section class="card">
          <h2>{texts.run.message}</h2>
          <p class="value">{run.message}</p>
        </section>
      )}
      <section class="card" aria-label={texts.run.tabs.details}>
        <RunFacts run={run} />
      </section>
      <div class="columns">
        <Parameters run={run} />
        <Metrics run={run} />
      </div>
      <div class="columns">
        <Named title={texts.run.labels} values={run.labels} />
        <Named title={texts.run.annotations} values={run.annotations} />
      </div>
    </div>
  )
}

function RunFacts({ run }: { run: KnownRun }) {
  const version = run.pipelineVersion
  return (
    <Facts
      of={[
        [texts.run.started, <Moment key="" at={run.startedAt} />],
        [texts.run.ended, <Moment key="" at={run.finishedAt} />],
        [texts.run.created, <Moment key="" at={run.createdAt} />],
        run.scheduledAt !== null && [texts.run.due, <Moment key="" at={run.scheduledAt} />],
        version !== null && [
          texts.run.pipeline,
          <a key="" href={address(['runs'], { pipeline: version.pipeline.id })}>
            {version.pipeline.name}
          </a>,
        ],
        version !== null && [
          texts.run.version,
          version.name ?? <Identifier key="" text={version.digest} what={texts.run.version} most={24} />,
        ],
        run.experiment && [
          texts.run.experiment,
          <a key="" href={address(['runs'], { experiment: run.experiment.id })}>
            {run.experiment.name}
          </a>,
        ],
        run.recurringRun && [
          texts.run.recurring,
          <a key="" href={address(['recurring', run.recurringRun.id])}>
            {run.recurringRun.displayName}
          </a>,
        ],
        [texts.run.namespace, run.namespace],
        [texts.run.cluster, run.cluster],
        [texts.run.kind, run.kind],
        run.uid !== null && [texts.run.uid, <Identifier key="" text={run.uid} what={texts.run.uid} />],
        [texts.run.workflow, <Identifier key="" text={run.name} what={texts.run.workflow} />],
        [texts.run.inCluster, run.inCluster ? texts.run.yes : texts.run.gone],
        [
          texts.run.fingerprint,
          run.fingerprint ? (
            <Identifier key="" text={run.fingerprint} what={texts.run.fingerprint} most={24} />
          ) : (
            <span key="" class="quiet">
              {texts.run.fingerprintMissing(run.fingerprintMissing.join('; '))}
            </span>
          ),
        ],
        run.startedBy && [
          texts.run.startedBy,
          <a key="" href={address(['runs', run.startedBy.run.id, 'graph'], { step: run.startedBy.id })}>
            {run.startedBy.displayName} {texts.run.ofRun} {run.startedBy.run.displayName}
          </a>,
        ],
        run.resubmittedFrom && [
          texts.run.resubmittedFrom,
          <a key="" href={address(['runs', run.resubmittedFrom.id])}>
            {run.resubmittedFrom.displayName}
          </a>,
        ],
        run.bestTrial && [
          texts.run.bestTrial,
          <a key="" href={address(['runs', run.id, 'graph'], { step: run.bestTrial.id })}>
            {run.bestTrial.displayName}
          </a>,
        ],
      ]}
    />
  )
}

function Parameters({ run }: { run: KnownRun }) {
  return (
    <section class="card">
      <h2>{texts.run.parameters}</h2>
      {run.parameters.length ? (
        <Table
          caption={texts.run.parameters}
          keyOf={(one) => one.name}
          rows={run.parameters}
          columns={[
            { id: 'name', title: texts.run.name, cell: (one) => one.name },
            { id: 'value', title: texts.run.value, cell: (one) => <ParameterValue {...one} /> },
          ]}
        />
      ) : (
        <p class="quiet">{texts.run.noParameters}</p>
      )}
    </section>
  )
}

function Metrics({ run }: { run: KnownRun }) {
  const pipeline = run.pipelineVersion?.pipeline.id
  return (
    <section class="card">
      <h2>{texts.run.metrics}</h2>
      {run.metrics.length ? (
        <Table
          caption={texts.run.metrics}
          keyOf={(one) => one.name}
          rows={run.metrics}
          columns={[
            {
              id: 'name',
              title: texts.run.name,
              cell: (one) =>
                pipeline ? (
                  <a href={address(['trends'], { pipeline, metric: one.name })} title={texts.run.trendOf(one.name)}>
                    {one.name}
                  </a>
                ) : (
                  one.name
                ),
            },
            { id: 'value', title: texts.run.value, isNumber: true, cell: (one) => metricText(one) },
            {
              id: 'step',
              title: texts.run.step,
              cell: (one) =>
                one.execution && (
                  <a href={address(['runs', run.id, 'graph'], { step: one.execution.id })}>
                    {one.execution.displayName}
                  </a>
                ),
            },
            {
              id: 'source',
              title: texts.run.source,
              cell: (one) => (
                <span class="quiet" title={one.source}>
                  {fileOf(one.source)}
                  {one.cached && `, ${texts.run.cached}`}
                </span>
              ),
            },
          ]}
        />
      ) : (
        <p class="quiet">{texts.run.noMetrics}</p>
      )}
    </section>
  )
}

/** The name of the file that a metric is from, of what may be a long address. */
function fileOf(source: string): string {
  return source.slice(source.lastIndexOf('/') + 1)
}

function Named({ title, values }: { title: string; values: unknown }) {
  const entries = Object.entries((values ?? {}) as Record<string, unknown>)
  if (entries.length === 0) return null
  return (
    <section class="card">
      <h2>{title}</h2>
      <Table
        caption={title}
        keyOf={([name]) => name}
        rows={entries}
        columns={[
          { id: 'name', title: texts.run.name, cell: ([name]) => <code class="value">{name}</code> },
          { id: 'value', title: texts.run.value, cell: ([, value]) => <code class="value">{String(value)}</code> },
        ]}
      />
    </section>
  )
}
