/** What rules found, those first that were found last, and whether whoever is to be told has heard of it. */
import { address } from '../../address/address'
import { useUpdates } from '../../api/live'
import type { AlertState } from '../../api/types'
import { useAnswer } from '../../api/use-answer'
import type { IconName } from '../../parts/icons'
import { Name } from '../../parts/name'
import { ForwardPager } from '../../parts/pager'
import { Mark } from '../../parts/phase'
import { Screen } from '../../parts/screen'
import { Empty, Shown } from '../../parts/states'
import { type Column, Table } from '../../parts/table'
import { Moment } from '../../parts/values'
import { shortened } from '../../parts/wording'
import { texts } from '../../texts'
import type { ScreenProps } from '..'
import { type Alert, namesOf, subjectOf } from './subject'

const PAGE = 50
const SENTENCE_LENGTH = 240 // of a longer one, the ends say what happened

export function AlertsScreen({ params }: ScreenProps) {
  useUpdates(['page-alerts'])
  const said = texts.alerts
  const listed = useAnswer('page-alerts', { first: PAGE, after: params.after ?? null })
  const alerts = listed.state === 'answered' ? listed.data.alerts.nodes : []
  const ids = [...new Set(alerts.map((alert) => alert.subject))]
  const named = useAnswer('page-subjects', ids.length ? { ids } : null)
  const names = named.state === 'answered' ? namesOf(named.data.nodes) : NO_NAMES
  return (
    <Screen
      title={said.title}
      beside={listed.state === 'answered' && <span class="quiet">{said.count(listed.data.alerts.totalCount)}</span>}
    >
      <Shown of={listed}>
        {({ alerts }) =>
          alerts.nodes.length ? (
            <>
              <Table caption={said.title} columns={columnsOf(names)} rows={alerts.nodes} keyOf={(one) => one.key} />
              <ForwardPager next={alerts.pageInfo.hasNextPage ? alerts.pageInfo.endCursor : null} params={params} />
            </>
          ) : (
            <Empty title={said.empty}>
              <p>{said.emptyWhy}</p>
            </Empty>
          )
        }
      </Shown>
    </Screen>
  )
}

const NO_NAMES: ReadonlyMap<string, string> = new Map()

function columnsOf(names: ReadonlyMap<string, string>): readonly Column<Alert>[] {
  const said = texts.alerts.column
  return [
    { id: 'at', title: said.at, cell: (alert) => <Moment at={alert.at} /> },
    {
      id: 'rule',
      title: said.rule,
      cell: (alert) => (
        <>
          <Name text={alert.rule} />
          <div class="beneath">{texts.alerts.kinds[alert.kind]}</div>
        </>
      ),
    },
    {
      id: 'says',
      title: said.says,
      cell: (alert) => (
        <bdi class="sentence" title={alert.says}>
          {shortened(alert.says, SENTENCE_LENGTH)}
        </bdi>
      ),
    },
    {
      id: 'subject',
      title: said.subject,
      cell: (alert) => (
        <>
          <Name text={names.get(alert.subject) ?? texts.alerts.subject} href={address(subjectOf(alert))} />
          <div class="beneath">{alert.namespace}</div>
        </>
      ),
    },
    { id: 'state', title: said.state, cell: (alert) => <Telling of={alert} /> },
    { id: 'tried', title: said.tried, cell: (alert) => alert.tried.toLocaleString(), isNumber: true },
    { id: 'found', title: said.found, cell: (alert) => <Moment at={alert.foundAt} /> },
  ]
}

const STATES: Readonly<Record<AlertState, readonly [tone: string, icon: IconName]>> = {
  SENT: ['good', 'check'],
  WAITING: ['doubt', 'clock'],
  GIVEN_UP: ['bad', 'cross'],
}

/** Whether it was taken, and when, or why not. */
function Telling({ of }: { of: Alert }) {
  const said = texts.alerts
  const [tone, icon] = STATES[of.state]
  return (
    <>
      <Mark tone={tone} icon={icon}>
        {said.states[of.state]}
      </Mark>
      <div class="beneath sentence">
        {of.sentAt && <Moment at={of.sentAt} />}
        {of.state === 'WAITING' && of.nextTryAt && (
          <>
            {said.next} <Moment at={of.nextTryAt} />
          </>
        )}
        {of.failure && <div>{of.failure}</div>}
      </div>
    </>
  )
}
