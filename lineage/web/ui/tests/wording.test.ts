import { expect, test } from 'vitest'
import { durationText, metricText, momentText, numberText, shortened, sizeText } from '../src/parts/wording'

test.each([
  [0.4, '0.4 s'],
  [59.6, '1 m 00 s'],
  [185, '3 m 05 s'],
  [7_800, '2 h 10 m'],
  [90_000, '1 d 1 h'],
])('%d seconds are %s', (seconds, text) => {
  expect(durationText(seconds)).toBe(text)
})

test.each([
  [0.931234, '0.9312'],
  [12_345, '12,345'],
  [0.00001, '1.000e-5'],
  [1_234.5678, '1,234.57'],
])('the number %d is %s', (value, text) => {
  expect(numberText(value)).toBe(text)
})

test.each([
  [{ value: 0.5, special: null, percentage: true }, '50 %'],
  [{ value: null, special: 'NAN' }, 'NaN'],
  [{ value: null, special: 'NEGATIVE_INFINITY' }, '−∞'],
  [{ value: null, special: null }, '–'],
])('a metric %j is %s', (metric, text) => {
  expect(metricText(metric)).toBe(text)
})

test('a moment is told from now within a day, and by its date before', () => {
  const now = new Date('2026-03-02T12:00:00Z')
  expect(momentText(new Date('2026-03-02T11:59:30Z'), now)).toBe('just now')
  expect(momentText(new Date('2026-03-02T11:15:00Z'), now)).toBe('45 min ago')
  expect(momentText(new Date('2026-03-02T02:00:00Z'), now)).toBe('10 h ago')
  expect(momentText(new Date('2025-03-02T12:00:00Z'), now)).toMatch(/^2 Mar 2025/)
  expect(momentText(new Date('2026-03-02T12:05:00Z'), now)).toBe('in 5 min')
})

test('sizes and long texts', () => {
  expect([0, 1023, 1536, 5 * 2 ** 30].map(sizeText)).toEqual(['0 B', '1,023 B', '1.5 KiB', '5.0 GiB'])
  expect(shortened('abcdefghij', 7)).toBe('abc…hij')
  expect(shortened('short', 7)).toBe('short')
})
