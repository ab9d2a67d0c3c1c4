/** A graph with everything around it: what is found in it, its table, the details of one thing, files of it. */
import type { ComponentChildren } from 'preact'
import { useMemo, useRef, useState } from 'preact/hooks'
import { address } from '../address/address'
import { change, useAddress } from '../address/use-address'
import { Icon } from '../parts/icons'
import { Shown } from '../parts/states'
import { texts } from '../texts'
import { GraphTable } from './graph-table'
import { Legend } from './legend'
import { isFound, type Picture } from './picture'
import { SaveMenu } from './save-menu'
import { type Gestures, Stage } from './stage'
import { useLaidOut } from './use-laid-out'

const TABLE = 'table'

export interface GraphProps {
  readonly title: string
  readonly picture: Picture
  /** Of the address: `shown` as a table, what to `find`, the `order` of the table. */
  readonly params: Readonly<Record<string, string>>
  readonly selected?: string | null
  readonly gestures: Gestures
  /** What else can be chosen, beside the search. */
  readonly controls?: ComponentChildren
  /** Of what is selected. */
  readonly details?: ComponentChildren
}

export function Graph({ title, picture, params, selected = null, gestures, controls, details }: GraphProps) {
  const body = useRef<HTMLDivElement>(null)
  const laidOut = useLaidOut(picture)
  const isTable = params.shown === TABLE
  const find = params.find ?? ''
  const found = useMemo(
    () => picture.things.filter((thing) => isFound(thing, find)).map((thing) => thing.id),
    [picture, find],
  )
  const foundSet = useMemo(() => new Set(found), [found.join()])
  const [at, setAt] = useState(-1)
  return (
    <div class="graph">
      <div class="graph-bar">
        <Find find={find} count={found.length} at={at} setAt={setAt} isTable={isTable} />
        {controls}
        <div class="end">
          <Forms isTable={isTable} />
          <SaveMenu picture={picture} title={title} around={body} isDrawn={!isTable} />
        </div>
      </div>
      <div ref={body} class={`graph-body${details ? ' has-details' : ''}`}>
        {isTable ? (
          <GraphTable
            picture={picture}
            label={title}
            find={find}
            order={params.order ?? ''}
            selected={selected}
            onOpen={gestures.onOpen}
          />
        ) : (
          <Shown of={laidOut}>
            {(of) => (
              <Stage
                of={of}
                label={title}
                selected={selected}
                found={foundSet}
                shown={found[at] ?? null}
                gestures={gestures}
              />
            )}
          </Shown>
        )}
        {details}
      </div>
      {!isTable && <Legend of={picture} />}
    </div>
  )
}

interface FindProps {
  readonly find: string
  readonly count: number
  readonly at: number
  readonly setAt: (at: number) => void
  readonly isTable: boolean
}

/** Finds things: Enter goes to the next, with Shift to the one before. */
function Find({ find, count, at, setAt, isTable }: FindProps) {
  const to = (step: number) => count && setAt((at + step + (at < 0 && step < 0 ? 1 : 0) + count) % count)
  return (
    <search class="graph-find">
      <input
        type="search"
        value={find}
        aria-label={texts.graph.find}
        placeholder={texts.graph.find}
        onInput={(event) => {
          setAt(-1)
          change({ find: event.currentTarget.value }, { replace: true })
        }}
        onKeyDown={(event) => {
          if (event.key !== 'Enter') return
          event.preventDefault()
          to(event.shiftKey ? -1 : 1)
        }}
      />
      {find.trim() && !isTable && (
        <>
          <button
            type="button"
            class="plain"
            aria-label={texts.graph.nextFound}
            disabled={!count}
            onClick={() => to(1)}
          >
            <Icon name="down" />
          </button>
          <span class="quiet" role="status">
            {texts.graph.found(at + 1, count)}
          </span>
        </>
      )}
    </search>
  )
}

function Forms({ isTable }: { isTable: boolean }) {
  const { path, params } = useAddress()
  const form = (name: string, isShown: boolean, shown: string | null) => (
    <a class="button" aria-current={isShown ? 'true' : undefined} href={address(path, { ...params, shown })}>
      {name}
    </a>
  )
  return (
    <nav class="joined" aria-label={texts.graph.shown}>
      {form(texts.graph.picture, !isTable, null)}
      {form(texts.graph.table, isTable, TABLE)}
    </nav>
  )
}
