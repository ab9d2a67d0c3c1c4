/** Ways through a graph: what lies on a path through a thing, and what is next to it. Pure. */
import type { Picture } from './picture'

export interface Neighbours {
  readonly before: ReadonlyMap<string, readonly string[]>
  readonly after: ReadonlyMap<string, readonly string[]>
}

export function neighbours(picture: Picture): Neighbours {
  const before = new Map<string, string[]>(picture.things.map((thing) => [thing.id, []]))
  const after = new Map<string, string[]>(picture.things.map((thing) => [thing.id, []]))
  for (const { source, target } of picture.links) {
    after.get(source)?.push(target)
    before.get(target)?.push(source)
  }
  return { before, after }
}

/** Everything that leads to a thing or from it, on whatever path; itself as well. */
export function onPaths({ before, after }: Neighbours, id: string): ReadonlySet<string> {
  return new Set([...reached(before, id), ...reached(after, id)])
}

/** The links of a path through a thing, by their places in the picture: within what leads to it, and what it leads to. */
export function linksOnPaths(picture: Picture, around: Neighbours, id: string): readonly number[] {
  const earlier = reached(around.before, id)
  const later = reached(around.after, id)
  const isOn = ({ source, target }: { source: string; target: string }) =>
    (earlier.has(source) && earlier.has(target)) || (later.has(source) && later.has(target))
  return picture.links.flatMap((link, at) => (isOn(link) ? [at] : []))
}

function reached(ways: ReadonlyMap<string, readonly string[]>, id: string): ReadonlySet<string> {
  const found = new Set([id])
  // A set is walked in the order of what was added, also of what is added meanwhile.
  for (const one of found) for (const next of ways.get(one) ?? []) found.add(next)
  return found
}

export type Way = 'left' | 'right' | 'up' | 'down'

interface Standing {
  readonly left: number
  readonly top: number
  readonly height: number
}

/** The thing that one comes to: along a link to the left or right, the nearest in height; up and down within a column. */
export function next(
  places: ReadonlyMap<string, Standing>,
  { before, after }: Neighbours,
  id: string,
  way: Way,
): string | null {
  const here = places.get(id)
  if (!here) return null
  const middle = (place: Standing) => place.top + place.height / 2
  const candidates = (): readonly string[] => {
    if (way === 'left') return before.get(id) ?? []
    if (way === 'right') return after.get(id) ?? []
    const isThere = (place: Standing) =>
      place.left === here.left && (way === 'up' ? place.top < here.top : place.top > here.top)
    return [...places].flatMap(([other, place]) => (isThere(place) ? [other] : []))
  }
  const away = (other: string) => {
    const place = places.get(other)
    return place ? Math.abs(middle(place) - middle(here)) : Number.POSITIVE_INFINITY
  }
  return candidates().reduce<string | null>((best, one) => (best === null || away(one) < away(best) ? one : best), null)
}
