/** What of a graph is in sight: moved by pointers, the wheel and keys. It changes the element itself, and draws nothing anew. */
import type { RefObject } from 'preact'
import { useLayoutEffect, useMemo } from 'preact/hooks'
import { type Box, centred, fitted, held, moved, READABLE, type Size, showing, type View, zoomed } from './view'

const DRAG_PIXELS = 4 // a pointer that moves less clicks
const WHEEL_ZOOM = 0.0025 // of the scale, for each pixel that the wheel turns
const REST_MILLISECONDS = 150 // after which what was moved is painted anew
const LINE_PIXELS = 16 // of wheels that count in lines

type Watcher = (view: View, frame: Size) => void

export class Sight {
  view: View = { x: 0, y: 0, scale: 1 }
  graph: Size = { width: 1, height: 1 }
  frame: Size = { width: 1, height: 1 }
  private readonly watchers = new Set<Watcher>()
  private resting: ReturnType<typeof setTimeout> | undefined

  constructor(
    private readonly stage: RefObject<HTMLElement | null>,
    private readonly picture: RefObject<SVGElement | null>,
  ) {}

  /** Read how large the stage is. Not as often as it is asked for: to read it lays out all that was drawn since. */
  measure(): void {
    this.frame = { width: this.stage.current?.clientWidth || 1, height: this.stage.current?.clientHeight || 1 }
  }

  /** Show it so. Whether that is another view than before. */
  set(view: View): boolean {
    const next = held(view, this.graph, this.frame)
    const { x, y, scale } = this.view
    if (next.x === x && next.y === y && next.scale === scale) return false
    this.view = next
    const stage = this.stage.current
    if (next.scale === scale) {
      stage?.classList.add('is-moving')
      clearTimeout(this.resting)
      this.resting = setTimeout(() => stage?.classList.remove('is-moving'), REST_MILLISECONDS)
    } else {
      stage?.classList.remove('is-moving')
    }
    this.apply()
    return true
  }

  apply(): void {
    const { x, y, scale } = this.view
    const picture = this.picture.current
    if (picture) picture.style.transform = `translate(${x}px, ${y}px) scale(${scale})`
    this.stage.current?.classList.toggle('is-far', scale < READABLE)
    for (const watcher of this.watchers) watcher(this.view, this.frame)
  }

  watch(watcher: Watcher): () => void {
    this.watchers.add(watcher)
    watcher(this.view, this.frame)
    return () => void this.watchers.delete(watcher)
  }

  move(right: number, down: number): boolean {
    return this.set(moved(this.view, right, down))
  }

  zoom(factor: number, point?: { x: number; y: number }): void {
    this.set(zoomed(this.view, factor, point ?? { x: this.frame.width / 2, y: this.frame.height / 2 }))
  }

  fit(): void {
    this.set(fitted(this.graph, this.frame))
  }

  show(box: Box): void {
    this.set(showing(this.view, box, this.frame))
  }

  centre(box: Box): void {
    this.set(centred(this.view, box, this.frame))
  }
}

/** The sight of a stage: gestures on it move it. */
export function useSight(stage: RefObject<HTMLElement | null>, picture: RefObject<SVGElement | null>): Sight {
  const sight = useMemo(() => new Sight(stage, picture), [])
  useLayoutEffect(() => {
    const element = stage.current
    if (!element) return
    const removed = new AbortController()
    const listen = <K extends keyof HTMLElementEventMap>(name: K, told: (event: HTMLElementEventMap[K]) => void) =>
      element.addEventListener(name, told, { signal: removed.signal, passive: false })
    const pointers = new Map<number, { x: number; y: number }>()
    let hasDragged = false
    let travelled = 0
    const point = (event: MouseEvent) => {
      const { left, top } = element.getBoundingClientRect()
      return { x: event.clientX - left, y: event.clientY - top }
    }

    listen('pointerdown', (event) => {
      if (event.button !== 0 || isControl(event.target)) return
      pointers.set(event.pointerId, point(event))
      travelled = 0
      hasDragged = false
    })
    listen('pointermove', (event) => {
      const before = pointers.get(event.pointerId)
      if (!before) return
      const now = point(event)
      travelled += Math.abs(now.x - before.x) + Math.abs(now.y - before.y)
      if (!hasDragged && travelled < DRAG_PIXELS) return
      if (!hasDragged) element.setPointerCapture(event.pointerId)
      hasDragged = true
      const [other] = [...pointers].filter(([id]) => id !== event.pointerId)
      if (other) {
        const factor = distance(now, other[1]) / Math.max(1, distance(before, other[1]))
        sight.zoom(factor, { x: (now.x + other[1].x) / 2, y: (now.y + other[1].y) / 2 })
      } else {
        sight.move(now.x - before.x, now.y - before.y)
      }
      pointers.set(event.pointerId, now)
    })
    const lifted = (event: PointerEvent) => void pointers.delete(event.pointerId)
    listen('pointerup', lifted)
    listen('pointercancel', lifted)
    // What ends a drag is no click.
    element.addEventListener(
      'click',
      (event) => {
        if (hasDragged) event.stopPropagation()
        hasDragged = false
      },
      { capture: true, signal: removed.signal },
    )
    listen('wheel', (event) => {
      const unit = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? LINE_PIXELS : 1
      if (event.ctrlKey || event.metaKey) {
        event.preventDefault()
        sight.zoom(Math.exp(-event.deltaY * unit * WHEEL_ZOOM), point(event))
        return
      }
      const [right, down] = event.shiftKey ? [event.deltaY, 0] : [event.deltaX, event.deltaY]
      // Where nothing more is that way, the wheel goes on with the page.
      if (goesOn(sight, right, down) && sight.move(-right * unit, -down * unit)) event.preventDefault()
    })
    const resized = new ResizeObserver(() => {
      sight.measure()
      sight.apply()
    })
    resized.observe(element)
    return () => {
      removed.abort()
      resized.disconnect()
    }
  }, [])
  return sight
}

/** Whether there is more of the graph than is seen, in the direction that one turns to. */
function goesOn({ view, graph, frame }: Sight, right: number, down: number): boolean {
  const isBeyond = (turn: number, offset: number, length: number, room: number) =>
    turn > 0 ? offset + length * view.scale > room : turn < 0 && offset < 0
  return isBeyond(right, view.x, graph.width, frame.width) || isBeyond(down, view.y, graph.height, frame.height)
}

function isControl(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest('button, .graph-map') !== null
}

function distance(one: { x: number; y: number }, other: { x: number; y: number }): number {
  return Math.hypot(one.x - other.x, one.y - other.y)
}
