/** A picture in which one thing stands for several that are alike. Pure. */
import type { Tone } from '../parts/phase'
import { type Foldable, groups, led } from './folding'
import type { Link, Mark, Picture, Thing } from './picture'

/** How a group says how its members are: first what one has to look at. */
const TONES: readonly Tone[] = ['bad', 'busy', 'doubt', 'quiet', 'good']

export interface Named {
  readonly title: string
  readonly subtitle: string
}

/** Fold what is alike, but for groups of which a member is `open`. `named` says what a group is called, by its members. */
export function fold(
  picture: Picture,
  nodes: readonly Foldable[],
  open: ReadonlySet<string>,
  named: (members: readonly Thing[]) => Named,
): Picture {
  const things = new Map(picture.things.map((thing) => [thing.id, thing]))
  const groupOf = new Map(
    groups(nodes, picture.links, open).flatMap((ids) => {
      const group = grouped(
        ids.flatMap((id) => things.get(id) ?? []),
        named,
      )
      return ids.map((id) => [id, group] as const)
    }),
  )
  const standing = new Map([...groupOf].map(([id, group]) => [id, group.id]))
  return {
    things: [...new Set(picture.things.map((thing) => groupOf.get(thing.id) ?? thing))],
    links: led<Link>(picture.links, standing),
  }
}

function grouped(members: readonly Thing[], named: (members: readonly Thing[]) => Named): Thing {
  const [first] = members
  return {
    id: `group:${first?.id}`,
    kind: 'group',
    ...named(members),
    marks: counted(members.flatMap((member) => member.marks)),
    badges: (first?.badges ?? []).filter((badge) => members.every((member) => member.badges.includes(badge))),
    isAskedFor: members.some((member) => member.isAskedFor),
    isQuiet: members.every((member) => member.isQuiet),
    more: first?.more ?? null,
    members: members.map(({ id, title }) => ({ id, title })),
  }
}

function counted(marks: readonly Mark[]): readonly Mark[] {
  const found = new Map<string, Mark & { count: number }>()
  for (const mark of marks) found.set(mark.word, { ...mark, count: (found.get(mark.word)?.count ?? 0) + 1 })
  return [...found.values()].sort((one, other) => TONES.indexOf(one.tone) - TONES.indexOf(other.tone))
}
