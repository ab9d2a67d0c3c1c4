/** The picture of a graph, in which one moves about, points at things and opens them, with pointers and with keys. */
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks'
import { Icon } from '../parts/icons'
import { texts } from '../texts'
import { Drawing } from './drawing'
import { line, tip } from './drawn'
import { GraphMap } from './map'
import type { Picture, Thing } from './picture'
import { useSight } from './sight'
import type { LaidOut } from './use-laid-out'
import { anchored, enclosing, first, isSeen, showing } from './view'
import { linksOnPaths, neighbours, next, onPaths, type Way } from './walking'

const AT_ONCE = 150 // things that are drawn without anybody noticing
const WORTH_A_MAP = 20 // things: fewer are found without
const STEP_PIXELS = 80 // an arrow key moves the picture by so much
const ZOOM = 1.25
/** A second click on the same thing within it is a double one: the thing stays where it is meanwhile. */
const DOUBLE_CLICK_MILLISECONDS = 350
const WAYS: Readonly<Record<string, Way>> = {
  ArrowLeft: 'left',
  ArrowRight: 'right',
  ArrowUp: 'up',
  ArrowDown: 'down',
}
const MOVES: Readonly<Record<Way, readonly [number, number]>> = {
  left: [STEP_PIXELS, 0],
  right: [-STEP_PIXELS, 0],
  up: [0, STEP_PIXELS],
  down: [0, -STEP_PIXELS],
}

export interface Gestures {
  /** A click, or Enter. */
  readonly onOpen: (thing: Thing) => void
  /** The button on a thing that has more, or +. */
  readonly onExpand?: ((thing: Thing) => void) | undefined
  /** The key −; whether there was anything to fold. */
  readonly onCollapse?: ((thing: Thing) => boolean) | undefined
  /** A double click, or c, beside moving it into the middle. */
  readonly onCentre?: ((thing: Thing) => void) | undefined
  /** Escape. */
  readonly onClose?: (() => void) | undefined
}

interface StageProps {
  readonly of: LaidOut
  readonly label: string
  readonly selected: string | null
  /** What is marked as found, and which of it is shown. */
  readonly found: ReadonlySet<string>
  readonly shown: string | null
  readonly gestures: Gestures
}

export function Stage({ of, label, selected, found, shown, gestures }: StageProps) {
  const { picture, places } = of
  const stage = useRef<HTMLDivElement>(null)
  const svg = useRef<SVGSVGElement>(null)
  const sight = useSight(stage, svg)
  const elements = useRef<ReadonlyMap<string, SVGElement>>(new Map())
  const things = useRef<ReadonlyMap<string, Thing>>(new Map())
  const around = useRef(neighbours({ things: [], links: [] }))
  const before = useRef<LaidOut | null>(null)
  /** Where Tab comes to, and what stays in its place when others are added. */
  const current = useRef<string | null>(selected)
  const hadFocus = useRef(false)

  // Of a large picture, what is seen at first is drawn first, and the rest after that is shown.
  const [isBegun, setBegun] = useState(picture.things.length > AT_ONCE)
  const only = useMemo(() => (isBegun ? seenFirst(of, beginningOf(picture, selected)) : null), [isBegun, of])
  useEffect(() => {
    if (!isBegun) return
    const waiting = setTimeout(() => setBegun(false))
    return () => clearTimeout(waiting)
  }, [isBegun])

  const buttonOf = (id: string | null) => elements.current.get(id ?? '')?.querySelector<SVGElement>('[role=button]')

  const makeCurrent = (id: string | null) => {
    buttonOf(current.current)?.setAttribute('tabindex', '-1')
    current.current = id
    buttonOf(id)?.setAttribute('tabindex', '0')
  }

  // Steps of a new picture: 1. know its elements, 2. say what Tab comes to, 3. stay where one was, or begin.
  useLayoutEffect(() => {
    const found = svg.current?.querySelectorAll<SVGElement>('[data-id]') ?? []
    elements.current = new Map([...found].map((element) => [element.dataset.id ?? '', element]))
    things.current = new Map(picture.things.map((thing) => [thing.id, thing]))
    around.current = neighbours(picture)
    sight.graph = of

    const last = before.current
    before.current = of
    if (!last) sight.measure()
    const was = last?.picture.things.find((thing) => thing.id === current.current)
    const heir = was && heirOf(was, picture)
    const begin = beginningOf(picture, selected)
    makeCurrent((heir ?? begin)?.id ?? null)

    const from = was && last?.places.get(was.id)
    const to = heir && places.get(heir.id)
    if (!last) {
      const focus = begin && places.get(begin.id)
      if (focus) sight.view = first(of, sight.frame, focus)
    } else if (from && to) {
      const added = [...(around.current.before.get(heir.id) ?? []), ...(around.current.after.get(heir.id) ?? [])]
      const boxes = added.flatMap((id) => (last?.places.has(id) ? [] : (places.get(id) ?? [])))
      sight.view = showing(anchored(sight.view, from, to), enclosing([to, ...boxes]), sight.frame)
    }
    sight.apply()
    if (hadFocus.current && heir && document.activeElement === document.body) {
      buttonOf(heir.id)?.focus({ preventScroll: true })
    }
  }, [of, only])

  useEffect(() => mark(elements.current, 'found', found), [of, only, found])
  useEffect(() => {
    mark(elements.current, 'next', new Set(shown === null ? [] : [shown]))
    const place = shown === null ? null : places.get(shown)
    if (place) sight.centre(place)
  }, [of, only, shown])
  useEffect(() => {
    mark(elements.current, 'selected', new Set(selected === null ? [] : [selected]))
    buttonOf(selected)?.setAttribute('aria-pressed', 'true')
    const place = selected === null ? null : places.get(selected)
    if (!place) return
    const waiting = setTimeout(() => sight.show(place), DOUBLE_CLICK_MILLISECONDS)
    return () => {
      clearTimeout(waiting)
      buttonOf(selected)?.removeAttribute('aria-pressed')
    }
  }, [of, only, selected])

  /** Mark all paths through a thing, and say what it is to who points at it. */
  const trace = (id: string | null) => {
    const title = svg.current?.querySelector('title')
    if (title) title.textContent = buttonOf(id)?.getAttribute('aria-label') ?? ''
    mark(elements.current, 'on', id === null ? new Set() : onPaths(around.current, id))
    const on = id === null ? [] : linksOnPaths(picture, around.current, id).map((at) => of.routes[at] ?? [])
    svg.current?.querySelector('.trace .line')?.setAttribute('d', on.map(line).join(''))
    svg.current?.querySelector('.trace .tips')?.setAttribute('d', on.map(tip).join(''))
  }

  const thingAt = (target: EventTarget | null) => {
    const element = target instanceof Element ? target.closest<SVGElement>('[data-id], [data-more]') : null
    return {
      thing: things.current.get(element?.dataset.id ?? element?.dataset.more ?? '') ?? null,
      isMore: element?.dataset.more !== undefined,
    }
  }

  const focus = (id: string) => {
    buttonOf(id)?.focus({ preventScroll: true })
    const place = places.get(id)
    if (place) sight.show(place)
  }

  const centre = (thing: Thing) => {
    const place = places.get(thing.id)
    if (place) sight.centre(place)
    gestures.onCentre?.(thing)
  }

  const pressed = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isButton(event.target)) return
    const { thing } = thingAt(event.target)
    const way = WAYS[event.key]
    if (way) {
      const other = thing && !event.shiftKey ? next(places, around.current, thing.id, way) : null
      if (other) focus(other)
      else if (!thing || event.shiftKey) sight.move(...MOVES[way])
    } else if (thing && (event.key === 'Enter' || event.key === ' ')) {
      gestures.onOpen(thing)
    } else if (thing && event.key === 'c') {
      centre(thing)
    } else if (event.key === '+' || event.key === '=') {
      if (thing?.more) gestures.onExpand?.(thing)
      else if (thing?.kind === 'group') gestures.onOpen(thing)
      else sight.zoom(ZOOM)
    } else if (event.key === '-') {
      if (!thing || !gestures.onCollapse?.(thing)) sight.zoom(1 / ZOOM)
    } else if (event.key === '0') {
      sight.fit()
    } else if (event.key === 'Escape' && gestures.onClose) {
      gestures.onClose()
    } else {
      return
    }
    event.preventDefault()
  }

  return (
    <div
      ref={stage}
      class="graph-stage"
      role="application"
      aria-label={label}
      aria-description={texts.graph.hint}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: keys move the picture
      tabIndex={0}
      onKeyDown={pressed}
      onClick={(event) => {
        const { thing, isMore } = thingAt(event.target)
        if (!thing) return
        makeCurrent(thing.id)
        if (isMore) gestures.onExpand?.(thing)
        else gestures.onOpen(thing)
      }}
      onDblClick={(event) => {
        const { thing, isMore } = thingAt(event.target)
        if (thing && !isMore) centre(thing)
      }}
      onPointerOver={(event) => trace(thingAt(event.target).thing?.id ?? null)}
      onPointerLeave={() => trace(null)}
      onFocusIn={(event) => {
        const { thing } = thingAt(event.target)
        hadFocus.current = thing !== null
        if (!thing) return
        makeCurrent(thing.id)
        trace(thing.id)
      }}
      onFocusOut={(event) => {
        if (event.relatedTarget) hadFocus.current = false
        trace(null)
      }}
    >
      <svg ref={svg} class="picture" width={of.width} height={of.height} role="presentation">
        <title />
        <Drawing of={of} only={only} />
      </svg>
      {picture.things.length >= WORTH_A_MAP && <GraphMap of={of} sight={sight} />}
      <div class="graph-zoom">
        <button
          type="button"
          aria-label={texts.graph.enlarge}
          title={texts.graph.enlarge}
          onClick={() => sight.zoom(ZOOM)}
        >
          <Icon name="plus" />
        </button>
        <button
          type="button"
          aria-label={texts.graph.shrink}
          title={texts.graph.shrink}
          onClick={() => sight.zoom(1 / ZOOM)}
        >
          <Icon name="minus" />
        </button>
        <button type="button" aria-label={texts.graph.fit} title={texts.graph.fit} onClick={() => sight.fit()}>
          <Icon name="fit" />
        </button>
      </div>
    </div>
  )
}

/** What a picture is first shown around. */
function beginningOf({ things }: Picture, selected: string | null): Thing | undefined {
  return things.find((thing) => thing.id === selected) ?? things.find((thing) => thing.isAskedFor) ?? things[0]
}

/** What may be in sight at first: the stage is no larger than the window. */
function seenFirst({ picture, places, width, height }: LaidOut, begin: Thing | undefined): ReadonlySet<string> {
  const frame = { width: innerWidth, height: innerHeight }
  const focus = begin && places.get(begin.id)
  const view = focus && first({ width, height }, frame, focus)
  const isIn = (thing: Thing) => {
    const place = places.get(thing.id)
    return view && place && isSeen(view, place, frame)
  }
  return new Set(picture.things.filter(isIn).map((thing) => thing.id))
}

/** Who stands where a thing stood: itself, else one of those that it stood for, or the group that it went into. */
function heirOf(was: Thing, { things }: Picture): Thing | undefined {
  const members = new Set([was.id, ...was.members.map((member) => member.id)])
  return (
    things.find((thing) => thing.id === was.id) ??
    things.find((thing) => members.has(thing.id) || thing.members.some((member) => members.has(member.id)))
  )
}

/** Mark elements, and no others. It is not a part of what is drawn: so a mark on one draws none of the others anew. */
function mark(elements: ReadonlyMap<string, SVGElement>, name: string, marked: ReadonlySet<string>): void {
  for (const [id, { dataset }] of elements) {
    if (marked.has(id)) dataset[name] = ''
    else if (dataset[name] !== undefined) delete dataset[name]
  }
}

function isButton(target: EventTarget | null): boolean {
  return target instanceof HTMLButtonElement
}
