/** Runs by the tier that each has earned, and what blocks the next. */
import type { ComponentChildren } from 'preact'
import { address } from '../../address/address'
import { useUpdates } from '../../api/live'
import type { Answer } from '../../api/queries'
import { useAnswer } from '../../api/use-answer'
import { isFiltered } from '../../parts/filters'
import { ListPage } from '../../parts/list'
import { Name } from '../../parts/name'
import { pageAsked } from '../../parts/pager'
import { PhaseMark } from '../../parts/phase'
import { type Sorting, sortable, sortingOf } from '../../parts/sorting'
import { Shown } from '../../parts/states'
import type { Column } from '../../parts/table'
import { Moment } from '../../parts/values'
import { TierMark, VerdictMark, VerdictSign } from '../../parts/verdict'
import { FilterForm } from '../../runs/filter-form'
import { FILTERS, NEWEST_FIRST, orderOf, whereOf } from '../../runs/filters'
import { texts } from '../../texts'
import type { ScreenProps } from '..'
import { type Audit, countsOf, nextOf } from './blockers'
import { type Audits, MOST_AUDITED, useAudits } from './use-audits'

type Run = Answer<'page-runs'>['runs']['nodes'][number]

const MOST_BLOCKERS = 3

export function Tiers({ params }: Pick<ScreenProps, 'params'>) {
  useUpdates(['page-runs'])
  const said = texts.audits
  const sorting = sortingOf(params.sort, NEWEST_FIRST)
  const listed = useAnswer('page-runs', {
    where: whereOf(params),
    orderBy: orderOf(sorting),
    ...pageAsked(params, MOST_AUDITED),
  })
  const runs = listed.state === 'answered' ? listed.data.runs.nodes : []
  const audits = useAudits(runs)
  return (
    <>
      <FilterForm params={params} />
      <Shown of={listed}>
        {(data) => (
          <>
            {data.runs.nodes.length > 0 && <Counts audits={audits} of={data.runs.nodes.length} />}
            <ListPage
              caption={said.tiers}
              page={data.runs}
              columns={columnsOf(sorting, audits)}
              keyOf={(run) => run.id}
              areFiltered={isFiltered(FILTERS, params)}
              empty={{ title: texts.runs.empty, why: texts.runs.emptyWhy }}
            />
          </>
        )}
      </Shown>
    </>
  )
}

function Counts({ audits, of }: { audits: Audits; of: number }) {
  const said = texts.audits
  return (
    <ul class="counts" aria-label={said.onThisPage}>
      {countsOf(audits.known.values()).map(([tier, count]) => (
        <li key={tier}>
          <TierMark tier={tier} /> <span class="number">{count}</span>
        </li>
      ))}
      {audits.trouble ? (
        <li role="alert">{said.trouble(audits.trouble)}</li>
      ) : (
        <li class="quiet">{audits.known.size < of ? said.auditing(audits.known.size, of) : said.ofThisPage(of)}</li>
      )}
    </ul>
  )
}

function columnsOf(sorting: Sorting, { known }: Audits): readonly Column<Run>[] {
  const said = texts.audits.column
  const audited = (run: Run, cell: (audit: Audit) => ComponentChildren) => {
    const audit = known.get(run.id)
    if (audit) return cell(audit)
    return <span class="quiet">{audit === null ? texts.words.none : texts.audits.pending}</span>
  }
  return [
    {
      id: 'name',
      title: said.run,
      cell: (run) => <Name text={run.displayName} href={address(['runs', run.id, 'audit'])} />,
      ...sortable(sorting, 'name'),
    },
    { id: 'tier', title: said.tier, cell: (run) => audited(run, (audit) => <TierMark tier={audit.tier} />) },
    { id: 'next', title: said.next, cell: (run) => audited(run, (audit) => <Next run={run} audit={audit} />) },
    {
      id: 'repeated',
      title: said.repeated,
      cell: (run) => audited(run, (audit) => <VerdictMark verdict={audit.repeated} />),
    },
    { id: 'phase', title: said.phase, cell: (run) => <PhaseMark phase={run.phase} /> },
    {
      id: 'pipeline',
      title: said.pipeline,
      cell: (run) =>
        run.pipelineVersion ? (
          <Name text={run.pipelineVersion.pipeline.name} />
        ) : (
          <span class="quiet">{texts.words.none}</span>
        ),
    },
    {
      id: 'started',
      title: said.started,
      cell: (run) => <Moment at={run.startedAt ?? run.createdAt} />,
      ...sortable(sorting, 'started'),
    },
  ]
}

function Next({ run, audit }: { run: Run; audit: Audit }) {
  const next = nextOf(audit)
  if (!next) return <span class="quiet">{texts.audits.nothingAbove}</span>
  const hidden = next.blockers.length - MOST_BLOCKERS
  return (
    <ul class="blockers" aria-label={texts.audits.blocks(texts.audit.tiers[next.tier])}>
      {next.blockers.slice(0, MOST_BLOCKERS).map((check) => (
        <li key={check.id} class="blocker" title={check.reason}>
          <VerdictSign verdict={check.verdict} />
          <code>{check.id}</code>
          <span>{check.title}</span>
        </li>
      ))}
      {hidden > 0 && (
        <li>
          <a href={address(['runs', run.id, 'audit'])}>{texts.audits.more(hidden)}</a>
        </li>
      )}
    </ul>
  )
}
