import { change } from '../address/use-address'
import { texts } from '../texts'

interface PageInfo {
  readonly hasNextPage: boolean
  readonly hasPreviousPage: boolean
  readonly startCursor: string | null
  readonly endCursor: string | null
}

/** Leads to the pages beside one, by the cursors in the address: what is inserted meanwhile moves no page. */
export function Pager({ of }: { of: PageInfo }) {
  if (!of.hasNextPage && !of.hasPreviousPage) return null
  return (
    <nav class="pager" aria-label={texts.words.pages}>
      <button
        type="button"
        disabled={!of.hasPreviousPage}
        onClick={() => change({ before: of.startCursor, after: null })}
      >
        {texts.words.previous}
      </button>
      <button type="button" disabled={!of.hasNextPage} onClick={() => change({ after: of.endCursor, before: null })}>
        {texts.words.next}
      </button>
    </nav>
  )
}

/** What of a list is asked for, by the cursors in the address. */
export function pageAsked(params: Readonly<Record<string, string>>, size: number) {
  if (params.before) return { last: size, before: params.before }
  return params.after ? { first: size, after: params.after } : { first: size }
}
