import { expect, test } from 'vitest'
import type { Picture } from '../src/graph/picture'
import { linksOnPaths, neighbours, next, onPaths } from '../src/graph/walking'

const link = (source: string, target: string) => ({ source, target, label: '', isInferred: false })
const thing = (id: string) => ({
  id,
  kind: 'execution' as const,
  title: id,
  subtitle: '',
  marks: [],
  badges: [],
  isAskedFor: false,
  isQuiet: false,
  more: null,
  members: [],
})

/** a → b → d and a → c → d, and x beside them. */
const DIAMOND: Picture = {
  things: ['a', 'b', 'c', 'd', 'x'].map(thing),
  links: [link('a', 'b'), link('a', 'c'), link('b', 'd'), link('c', 'd')],
}
const AROUND = neighbours(DIAMOND)

test('what lies on a path through a thing are its causes and its effects, and not its siblings', () => {
  expect([...onPaths(AROUND, 'b')].sort()).toEqual(['a', 'b', 'd'])
  expect(linksOnPaths(DIAMOND, AROUND, 'b')).toEqual([0, 2])
})

test('one walks along links to the nearest, and up and down within a column', () => {
  const place = (left: number, top: number) => ({ left, top, height: 10 })
  const places = new Map([
    ['a', place(0, 20)],
    ['b', place(50, 0)],
    ['c', place(50, 25)],
    ['d', place(100, 20)],
    ['x', place(0, 60)],
  ])
  expect(next(places, AROUND, 'a', 'right')).toBe('c')
  expect(next(places, AROUND, 'd', 'left')).toBe('c')
  expect(next(places, AROUND, 'c', 'up')).toBe('b')
  expect(next(places, AROUND, 'a', 'down')).toBe('x')
  expect(next(places, AROUND, 'x', 'right')).toBeNull()
})
