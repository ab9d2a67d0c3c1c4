/** A run: what is known of it, a tab a question. Each tab has its own address, and is fetched when it is opened. */
import { useEffect } from 'preact/hooks'
import { address } from '../../address/address'
import { useUpdates } from '../../api/live'
import { askAhead, useAnswer } from '../../api/use-answer'
import { Icon } from '../../parts/icons'
import { type Lazy, lazily } from '../../parts/lazily'
import { PhaseMark } from '../../parts/phase'
import { Screen } from '../../parts/screen'
import { Empty, Shown } from '../../parts/states'
import { Tabs } from '../../parts/tabs'
import { Duration, Moment } from '../../parts/values'
import { texts } from '../../texts'
import type { ScreenProps } from '..'
import { DetailsTab } from './details'
import type { KnownRun } from './known'

export interface TabProps {
  readonly run: KnownRun
  readonly params: ScreenProps['params']
}

const TABS: Readonly<Record<keyof typeof texts.run.tabs, Lazy<TabProps>>> = {
  graph: lazily(() => import('./graph').then((it) => it.GraphTab)),
  details: DetailsTab,
  steps: lazily(() => import('./steps').then((it) => it.StepsTab)),
  reports: lazily(() => import('./reports').then((it) => it.ReportsTab)),
  logs: lazily(() => import('./logs').then((it) => it.LogsTab)),
  events: lazily(() => import('./events').then((it) => it.EventsTab)),
  spec: lazily(() => import('./spec').then((it) => it.SpecTab)),
  audit: lazily(() => import('./audit').then((it) => it.AuditTab)),
  provenance: lazily(() => import('./provenance').then((it) => it.ProvenanceTab)),
  rerun: lazily(() => import('./rerun').then((it) => it.RerunTab)),
  raw: lazily(() => import('./raw').then((it) => it.RawTab)),
}

type TabName = keyof typeof TABS

export function RunScreen({ path, params }: ScreenProps) {
  const [id = '', asked = 'graph'] = path
  const tab = asked in TABS ? (asked as TabName) : 'graph'
  // What the tab needs comes beside what is known of the run, and not after it.
  useEffect(() => {
    TABS[tab].fetched?.()
    if (tab === 'graph') askAhead('run-graph', { id })
  }, [id, tab])
  useUpdates(['page-run'], id)
  const answered = useAnswer('page-run', { id })
  return (
    <Shown of={answered}>
      {({ node }) =>
        node?.__typename === 'Run' ? (
          <KnownRunScreen run={node} tab={tab} params={params} />
        ) : (
          <Empty title={texts.run.notARun} />
        )
      }
    </Shown>
  )
}

function KnownRunScreen({ run, tab, params }: TabProps & { tab: TabName }) {
  const ShownTab = TABS[tab]
  const scope = run.recurringRun ? { recurring: run.recurringRun.id } : { pipeline: run.pipelineVersion?.pipeline.id }
  return (
    <Screen
      title={run.displayName}
      above={
        <>
          <a href={address(['runs'])}>{texts.runs.title}</a>
          {run.pipelineVersion && (
            <>
              {' / '}
              <a href={address(['runs'], { pipeline: run.pipelineVersion.pipeline.id })}>
                {run.pipelineVersion.pipeline.name}
              </a>
            </>
          )}
        </>
      }
      beside={
        <>
          <PhaseMark phase={run.phase} />
          <Moment at={run.startedAt ?? run.createdAt} />
          <Duration seconds={run.durationSeconds} />
          {Object.values(scope)[0] && (
            <a class="button" href={address(['trends'], scope)}>
              {texts.run.trends}
            </a>
          )}
          {run.pages.map((page) => (
            <a key={page.name} class="button" href={page.url} target="_blank" rel="noopener noreferrer">
              {page.name}
              <Icon name="external" />
            </a>
          ))}
          <a class="button" href={address(['compare'], { runs: run.id })}>
            {texts.run.compare}
          </a>
        </>
      }
    >
      <Tabs
        label={texts.run.parts}
        shown={tab}
        tabs={Object.entries(texts.run.tabs).map(([name, title]) => ({
          id: name,
          title,
          href: address(['runs', run.id, name]),
        }))}
      />
      <ShownTab key={tab} run={run} params={params} />
    </Screen>
  )
}
