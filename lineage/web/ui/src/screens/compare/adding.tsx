/** More runs to compare: found by ids or names that somebody pastes. */
import { useId, useRef } from 'preact/hooks'
import { change } from '../../address/use-address'
import type { RunWhere } from '../../api/types'
import { useAnswer } from '../../api/use-answer'
import { Name } from '../../parts/name'
import { PhaseMark } from '../../parts/phase'
import { Shown } from '../../parts/states'
import { Table } from '../../parts/table'
import { Moment } from '../../parts/values'
import { texts } from '../../texts'

const MOST_FOUND = 20
const OF_ID = /^WyJ[\w-]+$/ // the API refuses what can be no id; all of them begin so, as JSON in base64

export function Adding({ ids, find, most }: { ids: readonly string[]; find: string; most: number }) {
  const said = texts.compare
  const id = useId()
  const field = useRef<HTMLInputElement>(null)
  return (
    <>
      <form
        class="filters"
        aria-label={said.find}
        onSubmit={(event) => {
          event.preventDefault()
          change({ find: field.current?.value.trim() })
        }}
      >
        <div class="field">
          <label for={id}>{said.find}</label>
          <input ref={field} id={id} key={find} type="text" defaultValue={find} placeholder={said.findHint} />
        </div>
        <button type="submit">{said.search}</button>
        {find && (
          <button type="button" onClick={() => change({ find: null })}>
            {texts.words.clearFilters}
          </button>
        )}
      </form>
      {find && <Found ids={ids} find={find} most={most} />}
    </>
  )
}

function Found({ ids, find, most }: { ids: readonly string[]; find: string; most: number }) {
  const said = texts.compare
  const asked = useAnswer('page-runs', { where: namedBy(find), first: MOST_FOUND })
  return (
    <Shown of={asked}>
      {({ runs: { nodes } }) => {
        if (!nodes.length) return <p class="quiet">{said.noneFound}</p>
        const more = nodes.filter((run) => !ids.includes(run.id))
        if (!more.length) return <p class="quiet">{said.allAdded}</p>
        const add = (some: readonly string[]) => change({ runs: [...ids, ...some].slice(0, most).join(',') })
        const isFull = ids.length >= most
        return (
          <div class="stack found">
            <Table
              caption={said.found}
              keyOf={(run) => run.id}
              rows={more}
              columns={[
                {
                  id: 'add',
                  title: <span class="unseen">{said.addThis}</span>,
                  cell: (run) => (
                    <button
                      type="button"
                      disabled={isFull}
                      aria-label={said.add(run.displayName)}
                      onClick={() => add([run.id])}
                    >
                      {said.addThis}
                    </button>
                  ),
                },
                { id: 'name', title: texts.runs.column.name, cell: (run) => <Name text={run.displayName} /> },
                { id: 'phase', title: texts.runs.column.phase, cell: (run) => <PhaseMark phase={run.phase} /> },
                {
                  id: 'started',
                  title: texts.runs.column.started,
                  cell: (run) => <Moment at={run.startedAt ?? run.createdAt} />,
                },
              ]}
            />
            {more.length > 1 && !isFull && (
              <div>
                <button type="button" onClick={() => add(more.map((run) => run.id))}>
                  {said.addAll}
                </button>
              </div>
            )}
          </div>
        )
      }}
    </Shown>
  )
}

/** Runs that any of the words means: an id of any kind, a name, or a part of the name that people gave. */
export function namedBy(find: string): RunWhere {
  const words = find.split(/[\s,;]+/).filter(Boolean)
  return {
    or: [
      { displayName: { contains: find } },
      { id: { in: words.filter((word) => OF_ID.test(word)) } },
      { uid: { in: words } },
      { name: { in: words } },
      { displayName: { in: words } },
    ],
  }
}
