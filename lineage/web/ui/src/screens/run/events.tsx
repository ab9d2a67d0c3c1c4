/** The events of the life of a run. */
import { address } from '../../address/address'
import { useUpdates } from '../../api/live'
import { useEvery } from '../../api/use-answer'
import { PhaseMark } from '../../parts/phase'
import { Empty, Shown } from '../../parts/states'
import { Table } from '../../parts/table'
import { durationText, exactText } from '../../parts/wording'
import { texts } from '../../texts'
import type { TabProps } from '.'
import { lifeOf } from './life'

export function EventsTab({ run }: TabProps) {
  useUpdates(['page-run-events'], run.id)
  const every = useEvery('page-run-events', { id: run.id }, ({ node }) =>
    node?.__typename === 'Run' && node.executions.pageInfo.hasNextPage
      ? { after: node.executions.pageInfo.endCursor }
      : null,
  )
  return (
    <Shown of={every}>
      {(pages) => {
        const events = lifeOf(pages.map(({ node }) => node).filter((node) => node?.__typename === 'Run'))
        const first = events[0]
        if (!first) return <Empty title={texts.runEvents.none} />
        return (
          <Table
            caption={texts.run.tabs.events}
            keyOf={(event) => `${event.at} ${event.what} ${event.subject} ${event.step}`}
            rows={events}
            columns={[
              {
                id: 'time',
                title: texts.runEvents.time,
                cell: (event) => <time dateTime={event.at}>{exactText(event.at).replace(' UTC', '')}</time>,
              },
              {
                id: 'after',
                title: texts.runEvents.after,
                isNumber: true,
                cell: (event) => `+${durationText((Date.parse(event.at) - Date.parse(first.at)) / 1_000)}`,
              },
              {
                id: 'subject',
                title: texts.run.name,
                cell: (event) =>
                  event.step ? (
                    <a href={address(['runs', run.id, 'graph'], { step: event.step })}>{event.subject}</a>
                  ) : (
                    event.subject
                  ),
              },
              {
                id: 'what',
                title: texts.runEvents.what,
                cell: (event) => (
                  <>
                    {event.what} {event.phase && <PhaseMark phase={event.phase} />}{' '}
                    {event.note && <span class="quiet value">{event.note}</span>}
                  </>
                ),
              },
            ]}
          />
        )
      }}
    </Shown>
  )
}
