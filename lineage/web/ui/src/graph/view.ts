/** What of a graph one sees: how it is moved and enlarged. Pure; lengths are pixels of the screen, unless said otherwise. */

/** A point of the graph is shown at `x + scale * left`, `y + scale * top`. */
export interface View {
  readonly x: number
  readonly y: number
  readonly scale: number
}

export interface Size {
  readonly width: number
  readonly height: number
}

export interface Box extends Size {
  readonly left: number
  readonly top: number
}

const MARGIN = 24
const SMALLEST = 0.05
const LARGEST = 3
export const READABLE = 0.45 // what is smaller shows the shape of a graph and no words
const BEGINNING = 0.8 // of a graph that cannot be read whole

/** All of a graph in the middle, no larger than it is. */
export function fitted(graph: Size, frame: Size): View {
  const scale = limited(
    Math.min(1, (frame.width - 2 * MARGIN) / graph.width, (frame.height - 2 * MARGIN) / graph.height),
  )
  return { scale, x: (frame.width - graph.width * scale) / 2, y: (frame.height - graph.height * scale) / 2 }
}

/** How a graph is shown first: all of it if it can be read so, else around what it was made for, or where it begins. */
export function first(graph: Size, frame: Size, focus: Box): View {
  const whole = fitted(graph, frame)
  if (whole.scale >= READABLE) return whole
  const scale = Math.min(1, Math.max(BEGINNING, (frame.height - 2 * MARGIN) / graph.height))
  const view = centred({ x: 0, y: 0, scale }, focus, frame)
  return {
    scale,
    x: edged(view.x, graph.width * scale, frame.width),
    y: edged(view.y, graph.height * scale, frame.height),
  }
}

/** Whether any of a box is in the frame. */
export function isSeen({ x, y, scale }: View, { left, top, width, height }: Box, frame: Size): boolean {
  return (
    (left + width) * scale + x > 0 &&
    left * scale + x < frame.width &&
    (top + height) * scale + y > 0 &&
    top * scale + y < frame.height
  )
}

export function moved(view: View, right: number, down: number): View {
  return { ...view, x: view.x + right, y: view.y + down }
}

/** Enlarged by a factor; the point stays where it is. */
export function zoomed(view: View, factor: number, point: { readonly x: number; readonly y: number }): View {
  const scale = limited(view.scale * factor)
  const by = scale / view.scale
  return { scale, x: point.x - (point.x - view.x) * by, y: point.y - (point.y - view.y) * by }
}

export function centred(view: View, box: Box, frame: Size): View {
  return {
    ...view,
    x: frame.width / 2 - (box.left + box.width / 2) * view.scale,
    y: frame.height / 2 - (box.top + box.height / 2) * view.scale,
  }
}

/** The least box around some; one at least. */
export function enclosing(boxes: readonly Box[]): Box {
  const left = Math.min(...boxes.map((box) => box.left))
  const top = Math.min(...boxes.map((box) => box.top))
  return {
    left,
    top,
    width: Math.max(...boxes.map((box) => box.left + box.width)) - left,
    height: Math.max(...boxes.map((box) => box.top + box.height)) - top,
  }
}

/** Moved as little as shows all of a box. */
export function showing(view: View, box: Box, frame: Size): View {
  const { scale } = view
  return {
    ...view,
    x: within(view.x, box.left * scale, box.width * scale, frame.width),
    y: within(view.y, box.top * scale, box.height * scale, frame.height),
  }
}

/** Moved back where nothing of the graph would be seen: half of the frame at most stays empty. */
export function held(view: View, graph: Size, frame: Size): View {
  return {
    ...view,
    x: bounded(view.x, frame.width, graph.width * view.scale),
    y: bounded(view.y, frame.height, graph.height * view.scale),
  }
}

/** The same with the thing where it stood before it was given another place. */
export function anchored(view: View, before: Box, now: Box): View {
  return moved(view, (before.left - now.left) * view.scale, (before.top - now.top) * view.scale)
}

function limited(scale: number): number {
  return Math.min(LARGEST, Math.max(SMALLEST, scale))
}

function within(offset: number, start: number, length: number, room: number): number {
  if (start + offset < MARGIN) return MARGIN - start
  if (start + length + offset > room - MARGIN) return Math.max(MARGIN, room - MARGIN - length) - start
  return offset
}

/** With no more beyond the edges of the graph than a margin, unless all of it has room. */
function edged(offset: number, length: number, room: number): number {
  if (length + 2 * MARGIN <= room) return (room - length) / 2
  return Math.min(MARGIN, Math.max(room - MARGIN - length, offset))
}

function bounded(offset: number, room: number, length: number): number {
  const half = room / 2
  return Math.min(half, Math.max(half - length, offset))
}
