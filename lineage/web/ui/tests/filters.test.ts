import { expect, test } from 'vitest'
import { sortedNext, sortingOf } from '../src/parts/sorting'
import { compared, comparedMetric, NEWEST_FIRST, orderOf, whereOf } from '../src/runs/filters'

test.each([
  ['lr = 0.1', { name: 'lr', comparison: 'eq', value: '0.1' }],
  ['data ~ 2026', { name: 'data', comparison: 'contains', value: '2026' }],
  ['epochs>=10', { name: 'epochs', comparison: 'gte', value: '10' }],
  ['a=b=c', { name: 'a', comparison: 'eq', value: 'b=c' }],
  ['lr', null],
  ['= 3', null],
])('a filter by a parameter: %s', (text, expected) => {
  expect(compared(text)).toEqual(expected)
})

test.each(['auc ~ 0.9', 'auc > high', 'auc >', 'auc'])('no filter by a metric: %s', (text) => {
  expect(comparedMetric(text)).toBeNull()
})

test('an address with all filters asks for all of them, and one without for everything', () => {
  expect(whereOf({})).toEqual({})
  expect(
    whereOf({
      text: 'night',
      phase: 'FAILED,ERROR',
      pipeline: 'p',
      experiment: 'e',
      recurring: 'r',
      namespace: 'team-a',
      parameter: 'lr<=0.1',
      metric: 'auc>0.9',
    }),
  ).toEqual({
    displayName: { contains: 'night' },
    phase: { in: ['FAILED', 'ERROR'] },
    pipeline: { eq: 'p' },
    experiment: { eq: 'e' },
    recurringRun: { eq: 'r' },
    namespace: { eq: 'team-a' },
    parameter: { name: 'lr', lte: '0.1' },
    metric: { name: 'auc', gt: 0.9 },
  })
})

test('a filter that is not well written filters nothing', () => {
  expect(whereOf({ parameter: 'lr', metric: 'auc > high', since: 'yesterday' })).toEqual({})
})

test('a column is sorted by its largest first, then the other way', () => {
  const first = sortedNext(sortingOf(undefined, NEWEST_FIRST), 'metric:auc')
  expect(orderOf(sortingOf(first, NEWEST_FIRST))).toEqual([{ field: 'METRIC', metric: 'auc', direction: 'DESC' }])
  expect(sortedNext(sortingOf(first, NEWEST_FIRST), 'metric:auc')).toBe('metric:auc')
})
