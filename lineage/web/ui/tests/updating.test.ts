import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { UPDATE_MILLISECONDS, updating } from '../src/api/updating'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function page() {
  const state = { isHidden: false, updates: 0 }
  return {
    state,
    of: updating(
      () => void state.updates++,
      () => state.isHidden,
    ),
  }
}

test('many changes are one update, soon', () => {
  const { state, of } = page()
  for (let change = 0; change < 100; change++) of.changed()
  expect(state.updates).toBe(0)
  vi.advanceTimersByTime(UPDATE_MILLISECONDS)
  expect(state.updates).toBe(1)
  of.changed()
  vi.advanceTimersByTime(UPDATE_MILLISECONDS)
  expect(state.updates).toBe(2)
})

test('what nobody sees is brought up to date when it is seen, once, and only if it changed', () => {
  const { state, of } = page()
  state.isHidden = true
  of.changed()
  vi.advanceTimersByTime(UPDATE_MILLISECONDS)
  of.changed()
  vi.advanceTimersByTime(UPDATE_MILLISECONDS)
  of.seen()
  expect(state.updates).toBe(0)
  state.isHidden = false
  of.seen()
  of.seen()
  expect(state.updates).toBe(1)
})

test('what has ended is not brought up to date', () => {
  const { state, of } = page()
  of.changed()
  of.end()
  vi.advanceTimersByTime(UPDATE_MILLISECONDS)
  expect(state.updates).toBe(0)
})
