/** A recurring run: when it was due and what became of that, what is in force and was, and its runs. */
import { address } from '../../address/address'
import { useUpdates } from '../../api/live'
import { useAnswer } from '../../api/use-answer'
import { Facts } from '../../parts/facts'
import { Name } from '../../parts/name'
import { PhaseMark } from '../../parts/phase'
import { Screen } from '../../parts/screen'
import { RecurringMark } from '../../parts/state-marks'
import { NotFound, Shown } from '../../parts/states'
import { type Column, Table } from '../../parts/table'
import { useMinute } from '../../parts/use-now'
import { Duration, Identifier, Moment, ParameterValue } from '../../parts/values'
import { texts } from '../../texts'
import type { ScreenProps } from '..'
import { dueAsked, nextDue } from './due'
import { Edits } from './edit-list'
import type { Recurring } from './edits'
import { ScheduleText } from './schedule-text'
import { Slots } from './slots'

export function RecurringRunScreen({ id, params }: { id: string; params: ScreenProps['params'] }) {
  useUpdates(['page-recurring-run', 'page-slots'])
  const answered = useAnswer('page-recurring-run', { id })
  const node = answered.state === 'answered' ? answered.data.node : null
  const recurring = node?.__typename === 'RecurringRun' ? node : null
  return (
    <Screen
      title={recurring?.displayName ?? texts.recurring.one}
      above={<a href={address(['recurring'])}>{texts.recurring.title}</a>}
      beside={
        recurring && (
          <>
            <RecurringMark {...recurring} />
            <a class="button" href={address(['runs'], { recurring: id })}>
              {texts.recurring.itsRuns(recurring.runs.totalCount)}
            </a>
            <a class="button" href={address(['trends'], { recurring: id })}>
              {texts.recurring.itsTrends}
            </a>
          </>
        )
      }
    >
      <Shown of={answered}>{() => (recurring ? <Whole of={recurring} params={params} /> : <NotFound />)}</Shown>
    </Screen>
  )
}

function Whole({ of, params }: { of: Recurring; params: ScreenProps['params'] }) {
  const said = texts.recurring
  return (
    <div class="stack">
      <InForce of={of} />
      <Slots id={of.id} params={params} />
      <section>
        <div class="section-head">
          <h2>{said.lastRuns}</h2>
        </div>
        {of.runs.nodes.length ? (
          <Table caption={said.lastRuns} columns={RUN_COLUMNS} rows={of.runs.nodes} keyOf={(run) => run.id} />
        ) : (
          <p class="quiet">{said.noRuns}</p>
        )}
      </section>
      <div class="columns">
        <Parameters of={of} />
        <Edits of={of.edits} />
      </div>
    </div>
  )
}

function InForce({ of }: { of: Recurring }) {
  const said = texts.recurring
  const now = useMinute()
  const due = nextDue(useAnswer('page-recurring-due', dueAsked([of.id], now))).get(of.id)
  const { spec } = of
  const yes = (value: boolean) => (value ? said.settings.yes : said.settings.no)
  return (
    <section class="card">
      <Facts
        of={[
          [said.settings.schedule, <ScheduleText {...spec} scheduleError={of.scheduleError} />],
          [said.nextDue, <Moment at={due} />],
          [said.namespace, of.namespace],
          [said.kind, of.kind],
          of.experiment && [
            said.experiment,
            <Name text={of.experiment.name} href={address(['runs'], { experiment: of.experiment.id })} />,
          ],
          spec.pipelineName !== null && [said.settings.pipeline, <Name text={spec.pipelineName} />],
          spec.startsAt !== null && [said.settings.startsAt, <Moment at={spec.startsAt} />],
          spec.endsAt !== null && [said.settings.endsAt, <Moment at={spec.endsAt} />],
          spec.maxConcurrency !== null && [said.settings.maxConcurrency, spec.maxConcurrency],
          spec.catchup !== null && [said.settings.catchup, yes(spec.catchup)],
          spec.concurrencyPolicy !== null && [said.settings.concurrencyPolicy, spec.concurrencyPolicy],
          spec.startingDeadlineSeconds !== null && [
            said.settings.startingDeadline,
            <Duration seconds={spec.startingDeadlineSeconds} />,
          ],
          spec.when !== null && [said.settings.when, <code>{spec.when}</code>],
          spec.stopStrategy !== null && [said.settings.stopStrategy, <code>{spec.stopStrategy}</code>],
          [said.created, <Moment at={of.createdAt} />],
          [said.uid, <Identifier text={of.uid} what={said.uid} />],
        ]}
      />
    </section>
  )
}

type Run = Recurring['runs']['nodes'][number]

const RUN_COLUMNS: readonly Column<Run>[] = [
  { id: 'phase', title: texts.runs.column.phase, cell: (run) => <PhaseMark phase={run.phase} /> },
  {
    id: 'name',
    title: texts.runs.column.name,
    cell: (run) => <Name text={run.displayName} href={address(['runs', run.id])} />,
  },
  { id: 'due', title: texts.runs.column.scheduled, cell: (run) => <Moment at={run.scheduledAt} /> },
  { id: 'started', title: texts.runs.column.started, cell: (run) => <Moment at={run.startedAt} /> },
  {
    id: 'took',
    title: texts.runs.column.duration,
    cell: (run) => <Duration seconds={run.durationSeconds} />,
    isNumber: true,
  },
]

function Parameters({ of }: { of: Recurring }) {
  const said = texts.recurring
  return (
    <section class="card">
      <h2>{said.parameters}</h2>
      {of.spec.parameters.length ? (
        <Facts
          of={of.spec.parameters.map((one) => [one.name, <ParameterValue value={one.value} redacted={one.redacted} />])}
        />
      ) : (
        <p class="quiet">{said.noParameters}</p>
      )}
    </section>
  )
}
