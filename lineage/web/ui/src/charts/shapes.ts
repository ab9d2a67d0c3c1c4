/** The forms of points: what they are is told by form, and not by colour alone. Pure. */
import type { PointLook } from './model'

type Outline = readonly (readonly [across: number, down: number])[]

/** By corners, for a radius of 1; a circle has none. */
const SHAPES = {
  circle: null,
  square: [
    [-0.95, -0.95],
    [0.95, -0.95],
    [0.95, 0.95],
    [-0.95, 0.95],
  ],
  up: [
    [0, -1.3],
    [1.2, 0.9],
    [-1.2, 0.9],
  ],
  down: [
    [0, 1.3],
    [1.2, -0.9],
    [-1.2, -0.9],
  ],
  bar: [
    [-0.5, -1.4],
    [0.5, -1.4],
    [0.5, 1.4],
    [-0.5, 1.4],
  ],
  plank: [
    [-1.4, -0.5],
    [1.4, -0.5],
    [1.4, 0.5],
    [-1.4, 0.5],
  ],
  diamond: [
    [0, -1.5],
    [1.5, 0],
    [0, 1.5],
    [-1.5, 0],
  ],
} as const satisfies Readonly<Record<string, Outline | null>>

export type Shape = keyof typeof SHAPES

const OF_SERIES = ['circle', 'square', 'up', 'down', 'bar', 'plank'] as const satisfies readonly Shape[]

/** A point that is far from the others is a diamond, of whichever series it is. */
export function shapeOf(look: PointLook, series: number): Shape {
  return look === 'far' ? 'diamond' : (OF_SERIES[series % OF_SERIES.length] ?? 'circle')
}

/** The corners of a form; null for a circle. */
export function outlineOf(shape: Shape): Outline | null {
  return SHAPES[shape]
}

/** The same as a path of SVG, around a place. */
export function pathOf(shape: Shape, left: number, top: number, radius: number): string {
  const outline = outlineOf(shape)
  if (outline) {
    return `M${outline.map(([across, down]) => `${left + across * radius} ${top + down * radius}`).join('L')}Z`
  }
  return `M${left - radius} ${top}a${radius} ${radius} 0 1 0 ${2 * radius} 0a${radius} ${radius} 0 1 0 ${-2 * radius} 0`
}
