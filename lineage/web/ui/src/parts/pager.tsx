import { change } from '../address/use-address'
import { texts } from '../texts'

export interface PageInfo {
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

/** Leads on in a list that is read forwards alone. Back leads to the page before, as everywhere, and a button to the first. */
export function ForwardPager({
  next,
  params,
  cursor = 'after',
}: {
  /** Where to go on from; null at the end. */
  next: string | null
  params: Readonly<Record<string, string>>
  /** The name of the cursor in the address, where there are several lists. */
  cursor?: string
}) {
  if (!next && !params[cursor]) return null
  return (
    <nav class="pager" aria-label={texts.words.pages}>
      <button type="button" disabled={!params[cursor]} onClick={() => change({ [cursor]: null })}>
        {texts.words.beginning}
      </button>
      <button type="button" disabled={!next} onClick={() => change({ [cursor]: next })}>
        {texts.words.next}
      </button>
    </nav>
  )
}

/** Where a list that is read forwards alone goes on from; null at its end. */
export function onward({ hasNextPage, endCursor }: Pick<PageInfo, 'hasNextPage' | 'endCursor'>): string | null {
  return hasNextPage ? endCursor : null
}

/** What of a list is asked for, by the cursors in the address. */
export function pageAsked(params: Readonly<Record<string, string>>, size: number) {
  if (params.before) return { last: size, before: params.before }
  return params.after ? { first: size, after: params.after } : { first: size }
}
