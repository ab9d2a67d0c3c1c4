/** The saved queries, as they lie in `graphql/queries`: for whom they answer, and to begin one's own from. */
const TEXTS = import.meta.glob<string>('../../../../../../graphql/queries/*.graphql', {
  query: '?raw',
  import: 'default',
  eager: true,
})

export interface SavedQuery {
  readonly name: string
  /** What it answers, as its first lines say. */
  readonly question: string
  readonly text: string
  /** Which variables it cannot do without. */
  readonly needs: readonly string[]
}

export const SAVED_QUERIES: readonly SavedQuery[] = Object.entries(TEXTS)
  .map(([path, text]) => ({ name: path.replace(/^.*\/|\.graphql$/g, ''), ...read(text) }))
  .sort((one, other) => (one.name < other.name ? -1 : 1))

/** Read what a saved query says of itself. */
export function read(text: string): Omit<SavedQuery, 'name'> {
  const comment = /^(#.*\n)+/.exec(text)?.[0] ?? ''
  const declared = /^\s*(?:query|subscription)[^({]*\(([^)]*)\)/.exec(text.slice(comment.length))?.[1] ?? ''
  return {
    question: comment.replace(/^# ?/gm, '').replace(/\n/g, ' ').trim(),
    text,
    needs: [...declared.matchAll(/\$(\w+): [^,$=]*!(?!\])\s*(?:,|\$|$)/g)].map((found) => found[1] ?? ''),
  }
}
