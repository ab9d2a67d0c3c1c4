/** What a search found: grouped by kind, and with the asked text marked in it. Pure. */
import type { Answer } from '../../api/queries'

export type Hit = Answer<'page-search'>['search']['nodes'][number]
export type Kind = Hit['__typename']

/** Put what was found under its kind; the kind of the best hit comes first, and each keeps its order. */
export function groupsOf(hits: readonly Hit[]): readonly (readonly [kind: Kind, hits: readonly Hit[]])[] {
  const groups = new Map<Kind, Hit[]>()
  for (const hit of hits) {
    const group = groups.get(hit.__typename)
    if (group) group.push(hit)
    else groups.set(hit.__typename, [hit])
  }
  return [...groups]
}

export interface Piece {
  readonly text: string
  readonly isAsked: boolean
}

/** Cut a text where it says what was asked for, in capitals or not. */
export function piecesOf(text: string, asked: string): readonly Piece[] {
  const [low, sought] = [text.toLowerCase(), asked.toLowerCase()]
  // Some letters are longer in the other case: then places in the one are none in the other.
  if (!sought || low.length !== text.length) return [{ text, isAsked: false }]
  const pieces: Piece[] = []
  let at = 0
  for (let found = low.indexOf(sought); found >= 0; found = low.indexOf(sought, at)) {
    if (found > at) pieces.push({ text: text.slice(at, found), isAsked: false })
    at = found + sought.length
    pieces.push({ text: text.slice(found, at), isAsked: true })
  }
  if (at < text.length) pieces.push({ text: text.slice(at), isAsked: false })
  return pieces
}
