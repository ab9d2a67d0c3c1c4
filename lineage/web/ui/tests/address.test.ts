import { expect, test } from 'vitest'
import { address, readAddress } from '../src/address/address'

test.each([
  ['#/runs', ['runs'], {}],
  ['#/', [], {}],
  ['', [], {}],
  ['#/runs/a%2Fb/graph?step=x%3Dy', ['runs', 'a/b', 'graph'], { step: 'x=y' }],
  ['#/runs?text=a+%26+b', ['runs'], { text: 'a & b' }],
  ['#/runs/%E0%A4%A', ['runs', '%E0%A4%A'], {}],
])('%s is read', (hash, path, params) => {
  expect(readAddress(hash)).toEqual({ path, params })
})

test('what is written is read again, whatever it holds', () => {
  const path = ['artifacts', 'WyJ4Il0=/?#&%', 'مرحبا']
  const params = { text: '<script> = & ? # %', empty: '', none: null }
  expect(readAddress(address(path, params))).toEqual({ path, params: { text: params.text } })
})
