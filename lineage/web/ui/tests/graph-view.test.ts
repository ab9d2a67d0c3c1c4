import { expect, test } from 'vitest'
import { first, fitted, held, showing, zoomed } from '../src/graph/view'
import { fittedEnd, fitted as fittedWords, plain } from '../src/graph/words'

const FRAME = { width: 800, height: 400 }

test('a small graph is shown in the middle and not enlarged; a large one is made to fit', () => {
  expect(fitted({ width: 200, height: 100 }, FRAME)).toEqual({ scale: 1, x: 300, y: 150 })
  expect(fitted({ width: 7520, height: 100 }, FRAME).scale).toBe(0.1)
})

test('a graph that could not be read whole begins at what it was made for', () => {
  const view = first({ width: 10_000, height: 300 }, FRAME, { left: 5_000, top: 100, width: 100, height: 40 })
  expect(view.scale).toBe(1)
  expect(view.x + 5_050 * view.scale).toBe(400)
})

test('the point that one zooms at stays where it is', () => {
  const view = zoomed({ x: 10, y: 20, scale: 1 }, 2, { x: 110, y: 120 })
  expect((110 - view.x) / view.scale).toBe(100)
  expect((120 - view.y) / view.scale).toBe(100)
})

test('a box is brought into view by as little as it takes, and the graph is never lost', () => {
  const view = { x: 0, y: 0, scale: 1 }
  expect(showing(view, { left: 100, top: 100, width: 100, height: 40 }, FRAME)).toEqual(view)
  expect(showing(view, { left: 900, top: 100, width: 100, height: 40 }, FRAME).x).toBe(-224)
  expect(held({ x: 5_000, y: 0, scale: 1 }, { width: 100, height: 100 }, FRAME).x).toBe(400)
})

test('names that are hostile are one short line that turns nothing around', () => {
  const measure = (text: string) => [...text].length
  expect(plain('a\u202egnp\nb')).toBe('agnp b')
  expect(fittedWords('x'.repeat(4_000), 10, measure)).toBe(`${'x'.repeat(9)}…`)
  expect(fittedWords('short', 10, measure)).toBe('short')
  expect(fittedEnd('s3://bucket/model.tgz', 10, measure)).toBe('…model.tgz')
})
