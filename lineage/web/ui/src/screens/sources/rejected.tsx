/** Events that could not be recorded, and why; what each said is asked for when somebody wants to read it. */
import { change } from '../../address/use-address'
import { useUpdates } from '../../api/live'
import type { Answer } from '../../api/queries'
import { useAnswer } from '../../api/use-answer'
import { Icon } from '../../parts/icons'
import { ForwardPager } from '../../parts/pager'
import { ObjectText, SourceText } from '../../parts/source-text'
import { NotFound, Shown } from '../../parts/states'
import { type Column, Table } from '../../parts/table'
import { Identifier, Moment, Size } from '../../parts/values'
import { texts } from '../../texts'
import type { ScreenProps } from '..'

type Rejected = Answer<'page-rejected'>['ingestion']['rejected']['nodes'][number]

const PAGE = 20
const DIGEST_LENGTH = 20
const CURSOR = 'afterRejected'

export function RejectedEvents({ params }: Pick<ScreenProps, 'params'>) {
  useUpdates(['page-rejected'])
  const said = texts.sources.rejected
  const answered = useAnswer('page-rejected', { first: PAGE, after: params[CURSOR] ?? null })
  return (
    <section>
      <h2 class="before-table">{said.title}</h2>
      <Shown of={answered}>
        {({ ingestion: { rejected } }) =>
          rejected.nodes.length ? (
            <>
              <p class="quiet before-table">{said.count(rejected.totalCount)}</p>
              <Table
                caption={said.title}
                columns={columnsOf(params.event)}
                rows={rejected.nodes}
                keyOf={(one) => one.id}
                detail={(one) => one.id === params.event && <Said id={one.id} form={params.form} />}
              />
              <ForwardPager
                next={rejected.pageInfo.hasNextPage ? rejected.pageInfo.endCursor : null}
                params={params}
                cursor={CURSOR}
              />
            </>
          ) : (
            <p class="quiet">{said.none}</p>
          )
        }
      </Shown>
    </section>
  )
}

function columnsOf(opened: string | undefined): readonly Column<Rejected>[] {
  const said = texts.sources.rejected
  return [
    { id: 'at', title: said.at, cell: (one) => <Moment at={one.at} /> },
    { id: 'source', title: said.source, cell: (one) => one.source },
    { id: 'reason', title: said.reason, cell: (one) => <span class="sentence">{one.reason}</span> },
    { id: 'size', title: said.size, cell: (one) => <Size bytes={one.sizeBytes} />, isNumber: true },
    {
      id: 'digest',
      title: said.digest,
      cell: (one) => <Identifier text={one.digest} what={said.digest} most={DIGEST_LENGTH} />,
    },
    {
      id: 'event',
      title: said.event,
      cell: (one) => (
        <button
          type="button"
          class="plain"
          aria-expanded={one.id === opened}
          onClick={() => change({ event: one.id === opened ? null : one.id }, { replace: true })}
        >
          {one.id === opened ? said.hide : said.show}
          <Icon name={one.id === opened ? 'up' : 'down'} />
        </button>
      ),
    },
  ]
}

function Said({ id, form }: { id: string; form: string | undefined }) {
  const answered = useAnswer('page-rejected-event', { id })
  return (
    <Shown of={answered}>
      {({ node }) => {
        if (node?.__typename !== 'Rejected') return <NotFound />
        if (node.event === null) return <p class="quiet">{texts.sources.rejected.notKept}</p>
        const value = parsed(node.event)
        return value === null ? (
          <SourceText text={node.event} />
        ) : (
          <ObjectText value={value} name={texts.sources.rejected.file} form={form} />
        )
      }}
    </Shown>
  )
}

/** What a text says as JSON; null where it is none. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
