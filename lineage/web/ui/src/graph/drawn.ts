/** How large things are drawn and where within them words and marks stand. Pure, but for how wide a letter is. Lengths are pixels. */
import { iconOf } from './kinds'
import type { Mark, Thing } from './picture'
import { fitted, fittedEnd, type Measure, plain } from './words'

export const HEIGHT = 46
const NARROWEST = 140
const WIDEST = 260
const INSET = 12
const ICON = 16
export const GAP = 6
export const MARK = 16
export const FOLD = 11 // what the folded corner of a sheet takes
/** How far those that lie under the first of a group look out. */
export const STACK = 5
/** What is kept free for the numbers of a group: they change while it runs, and its place does not. */
const NUMBERS = 110
const NARROWEST_GROUP = 220

/** The beginning of the words, behind the icon. */
export const LEFT = INSET + ICON + GAP

export interface Fonts {
  readonly title: Measure
  readonly small: Measure
}

/** How wide a thing wants to be. It follows from what it is alone, and not from how it is: so phases move nothing. */
export function widthOf(thing: Thing, { title, small }: Fonts): number {
  const beside = thing.kind === 'group' ? NUMBERS : thing.marks.length ? MARK + GAP : 0
  const first = title(plain(thing.title)) + beside
  const second = thing.kind === 'artifact' || thing.kind === 'deployment' ? small(plain(thing.subtitle)) : 0
  const least = thing.kind === 'group' ? NARROWEST_GROUP : NARROWEST
  return Math.min(WIDEST, Math.max(least, Math.ceil(LEFT + Math.max(first, second) + right(thing))))
}

export interface DrawnMark {
  readonly mark: Mark
  /** The middle of its circle. */
  readonly x: number
  readonly number: string
}

export interface Drawn {
  readonly icon: ReturnType<typeof iconOf>
  readonly title: string
  readonly subtitle: string
  /** From the left to the right, at the end of the first line. */
  readonly marks: readonly DrawnMark[]
  /** The words that end the second line, and how wide they are. */
  readonly badge: string
  readonly badgeWidth: number
  /** How far words go to the right. */
  readonly end: number
}

/** Fit the words and marks of a thing into a box. */
export function drawn(thing: Thing, width: number, { title, small }: Fonts): Drawn {
  const end = width - right(thing)
  const marks: DrawnMark[] = []
  let x = end
  for (const mark of [...thing.marks].reverse()) {
    const number = mark.count === undefined ? '' : mark.count.toLocaleString('en')
    const taken = MARK + (number ? small(number) + 3 : 0)
    if (x - taken < LEFT + 24) break // the name goes first; the title that is shown to who points at it tells all
    x -= taken
    marks.unshift({ mark, x: x + MARK / 2, number })
    x -= GAP
  }
  const badge = thing.badges.join(' · ')
  const badgeWidth = badge ? Math.ceil(small(badge)) + 12 : 0
  return {
    icon: iconOf(thing),
    title: fitted(thing.title, x - LEFT, title),
    subtitle: (thing.kind === 'artifact' ? fittedEnd : fitted)(
      thing.subtitle,
      end - LEFT - (badge ? badgeWidth + GAP : 0),
      small,
    ),
    marks,
    badge,
    badgeWidth,
    end,
  }
}

function right(thing: Thing): number {
  return INSET + (thing.kind === 'deployment' ? 4 : thing.kind === 'group' ? STACK : 0)
}

/** The outline of a thing, from 0 on: a shape for each kind. */
export function outline(thing: Thing, width: number): string {
  const right = width - 1
  const low = HEIGHT - 1
  switch (thing.kind) {
    case 'artifact':
      return `M1 4a3 3 0 0 1 3-3H${right - FOLD}l${FOLD} ${FOLD}V${low - 3}a3 3 0 0 1-3 3H4a3 3 0 0 1-3-3z`
    case 'deployment':
      return rounded(1, 1, right, low, (HEIGHT - 2) / 2)
    case 'group':
      return rounded(1, 1, right - STACK, low - STACK, 8)
    case 'execution':
    case 'hidden':
      return rounded(1, 1, right, low, 8)
  }
}

/** What is drawn beside the outline: the fold of a sheet, the edges of those that lie under the first. */
export function outlineBeside(thing: Thing, width: number): string {
  const right = width - 1
  const low = HEIGHT - 1
  if (thing.kind === 'artifact') return `M${right - FOLD} 1v${FOLD}h${FOLD}`
  if (thing.kind !== 'group') return ''
  const under = (by: number) => `M${right - STACK + by} ${5 + by}V${low - STACK - 6 + by}a6 6 0 0 1-6 6H${5 + by}`
  return under(STACK / 2) + under(STACK)
}

function rounded(left: number, top: number, right: number, low: number, by: number): string {
  const inner = `H${right - by}a${by} ${by} 0 0 1 ${by} ${by}V${low - by}a${by} ${by} 0 0 1-${by} ${by}`
  return `M${left + by} ${top}${inner}H${left + by}a${by} ${by} 0 0 1-${by}-${by}V${top + by}a${by} ${by} 0 0 1 ${by}-${by}z`
}

const LOOP = 30 // how far a loop reaches beyond its box

/** The line of a link through the points of its route, as the server describes them: x and y in turn. */
export function line(points: readonly number[]): string {
  let [x = 0, y = 0] = points
  let path = `M${round(x)} ${round(y)}`
  for (let at = 2; at < points.length; at += 2) {
    const right = points[at] as number
    const down = points[at + 1] as number
    if (x === right)
      path += `C${round(x + LOOP)} ${round(y)} ${round(x + LOOP)} ${round(down)} ${round(x)} ${round(down)}`
    else if (y === down) path += `H${round(right)}`
    else {
      const middle = round((x + right) / 2)
      path += `C${middle} ${round(y)} ${middle} ${round(down)} ${round(right)} ${round(down)}`
    }
    x = right
    y = down
  }
  return path
}

/** The tip at its end. */
export function tip(points: readonly number[]): string {
  const x = points.at(-2) as number
  const back = (points.at(-4) as number) >= x ? 7 : -7
  return `M${round(x)} ${round(points.at(-1) as number)}l${back}-3.5v7z`
}

function round(length: number): number {
  return Math.round(length * 10) / 10
}
