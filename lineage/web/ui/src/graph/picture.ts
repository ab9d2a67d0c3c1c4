/** What a graph shows: things, and which leads to which. It knows nothing of where they come from, nor of where they stand. */

import type { IconName } from '../parts/icons'
import type { Tone } from '../parts/phase'

/** What a thing is: each has a shape of its own. A group stands for several things that are alike. */
export type Kind = 'execution' | 'artifact' | 'deployment' | 'group' | 'hidden'

/** How a thing is, or of a group, how many of its members are so. The word says what colour and icon say. */
export interface Mark {
  readonly word: string
  readonly tone: Tone
  readonly icon: IconName
  readonly count?: number
}

export interface Thing {
  readonly id: string
  readonly kind: Kind
  readonly title: string
  readonly subtitle: string
  readonly marks: readonly Mark[]
  /** Words of its own, such as `cached`. */
  readonly badges: readonly string[]
  /** The picture was made for it. */
  readonly isAskedFor: boolean
  /** It did nothing, such as a step that was skipped. */
  readonly isQuiet: boolean
  /** On which side more hangs on it than is shown. */
  readonly more: 'before' | 'after' | null
  /** Whom a group stands for; of others none. */
  readonly members: readonly Member[]
}

export interface Member {
  readonly id: string
  readonly title: string
}

export interface Link {
  readonly source: string
  readonly target: string
  /** What it says of the two: `read as model`. */
  readonly label: string
  /** It rests on time, place or content, and on no record. */
  readonly isInferred: boolean
}

/** Each thing has an id of its own, and links lead between ids of things, at most one from one to another. */
export interface Picture {
  readonly things: readonly Thing[]
  readonly links: readonly Link[]
}

/** Whether a thing, or one whom it stands for, has a text in its names. */
export function isFound(thing: Thing, text: string): boolean {
  const sought = text.trim().toLowerCase()
  if (!sought) return false
  const has = (name: string) => name.toLowerCase().includes(sought)
  return has(thing.title) || has(thing.subtitle) || thing.members.some((member) => has(member.title))
}
