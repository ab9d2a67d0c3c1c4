import { change } from '../../address/use-address'
import { texts } from '../../texts'

interface OnwardProps {
  readonly of: { readonly hasNextPage: boolean; readonly endCursor: string | null }
  readonly params: Readonly<Record<string, string>>
}

/** Leads through a list that is read in one direction alone. */
export function Onward({ of, params }: OnwardProps) {
  if (!of.hasNextPage && !params.after) return null
  return (
    <nav class="pager" aria-label={texts.words.pages}>
      <button type="button" disabled={!params.after} onClick={() => change({ after: null })}>
        {texts.artifact.beginning}
      </button>
      <button type="button" disabled={!of.hasNextPage} onClick={() => change({ after: of.endCursor })}>
        {texts.words.next}
      </button>
    </nav>
  )
}
