/** What the kinds of things are called, and their icons: so none is told by its shape alone. */
import type { IconName } from '../parts/icons'
import { texts } from '../texts'
import type { Kind, Thing } from './picture'

export const ICONS: Readonly<Record<Kind, IconName>> = {
  execution: 'step',
  artifact: 'sheet',
  deployment: 'serving',
  group: 'stack',
  hidden: 'lock',
}

export function iconOf(thing: Thing): IconName {
  return ICONS[thing.kind]
}

/** How a thing is: its marks with their numbers, and its badges. */
export function stateOf(thing: Thing): string {
  const marks = thing.marks.map(({ word, count }) => (count === undefined ? word : `${count} ${word}`))
  return [...marks, ...thing.badges].join(', ')
}

/** All that a thing says, in a line: for who hears it, or points at it. */
export function toldOf(thing: Thing): string {
  return [
    `${texts.graph.kinds[thing.kind]} ${thing.title}`,
    thing.subtitle,
    stateOf(thing),
    thing.more ? texts.graph.more : '',
  ]
    .filter(Boolean)
    .join(', ')
}
