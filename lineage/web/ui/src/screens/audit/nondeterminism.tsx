/** Steps of which not always the same came out, although they ran the same on the same data. */
import { address } from '../../address/address'
import type { Answer } from '../../api/queries'
import { useAnswer } from '../../api/use-answer'
import { useChoices } from '../../api/use-choices'
import { ChoiceFilter, Filters, isFiltered } from '../../parts/filters'
import { ForwardPager } from '../../parts/pager'
import { Empty, Shown } from '../../parts/states'
import { type Column, Table } from '../../parts/table'
import { Identifier, Moment } from '../../parts/values'
import { texts } from '../../texts'
import type { ScreenProps } from '..'
import { namesOf, type Row, rowsOf } from './unlike'

type Group = Answer<'page-nondeterminism'>['nondeterminism']['groups'][number]

const PAGE = 20
const FILTERS = ['pipeline'] as const
const DIGEST_LENGTH = 28
const VALUE_LENGTH = 40

export function Nondeterminism({ params }: Pick<ScreenProps, 'params'>) {
  const said = texts.audits.unlike
  const choices = useChoices()
  const known = choices.state === 'answered' ? choices.data.pipelines.nodes : []
  const found = useAnswer('page-nondeterminism', {
    pipeline: params.pipeline ?? null,
    first: PAGE,
    after: params.after ?? null,
  })
  return (
    <>
      <Filters names={FILTERS} params={params}>
        <ChoiceFilter
          name="pipeline"
          label={texts.runs.pipeline}
          any={texts.runs.anyPipeline}
          params={params}
          options={known.map((one) => [one.id, one.namespace ? `${one.name} (${one.namespace})` : one.name])}
        />
      </Filters>
      <Shown of={found}>
        {({ nondeterminism }) => (
          <div class="stack">
            {nondeterminism.unsettled > 0 && <p class="quiet">{said.unsettled(nondeterminism.unsettled)}</p>}
            {nondeterminism.groups.map((group) => (
              <Unlike key={group.fingerprint} group={group} />
            ))}
            {nondeterminism.groups.length === 0 &&
              (isFiltered(FILTERS, params) ? (
                <Empty title={texts.words.noMatch} />
              ) : (
                <Empty title={said.empty}>
                  <p>{said.emptyWhy}</p>
                </Empty>
              ))}
            <ForwardPager next={nondeterminism.next} params={params} />
          </div>
        )}
      </Shown>
    </>
  )
}

function Unlike({ group }: { group: Group }) {
  const said = texts.audits.unlike
  const { step, pipeline } = namesOf(group)
  const newest = group.executions[0]
  return (
    <section class="card stack">
      <div>
        <h2>
          <bdi>{step}</bdi>
          {pipeline && (
            <span class="quiet">
              {' '}
              {said.of} <bdi>{pipeline}</bdi>
            </span>
          )}
        </h2>
        <p class="quiet">
          {group.complete ? said.compared(group.executions.length) : said.comparedNewest(group.executions.length)}{' '}
          {newest && (
            <>
              {said.lastly} <Moment at={newest.startedAt} />.
            </>
          )}
        </p>
      </div>
      <Table
        caption={said.resultsOf(step)}
        columns={COLUMNS}
        rows={rowsOf(group)}
        keyOf={(row) => `${row.output} ${row.value} ${row.execution.id}`}
      />
      <p class="quiet beneath">
        {said.fingerprint} <Identifier text={group.fingerprint} what={said.fingerprint} most={DIGEST_LENGTH} />
      </p>
    </section>
  )
}

const COLUMNS: readonly Column<Row>[] = [
  {
    id: 'output',
    title: texts.audits.unlike.output,
    cell: (row) => row.output && <bdi class="name">{row.output}</bdi>,
  },
  {
    id: 'kind',
    title: texts.audits.unlike.kind,
    cell: (row) => row.output && (row.isParameter ? texts.audits.unlike.parameter : texts.audits.unlike.artifact),
  },
  {
    id: 'value',
    title: texts.audits.unlike.value,
    cell: (row) =>
      row.value === null ? (
        <span class="quiet">{texts.words.redacted}</span>
      ) : (
        <Identifier text={row.value} what={texts.audits.unlike.value} most={VALUE_LENGTH} />
      ),
  },
  { id: 'count', title: texts.audits.unlike.times, cell: (row) => row.count.toLocaleString(), isNumber: true },
  {
    id: 'execution',
    title: texts.audits.unlike.newest,
    cell: ({ execution }) => (
      <a href={address(['runs', execution.run.id, 'graph'], { step: execution.id })}>
        <bdi class="name">{execution.run.displayName}</bdi>
      </a>
    ),
  },
]
