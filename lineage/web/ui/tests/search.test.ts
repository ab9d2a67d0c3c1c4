import { expect, test } from 'vitest'
import { groupsOf, type Hit, piecesOf } from '../src/screens/search/hits'

const PIPELINE: Hit = { __typename: 'Pipeline', id: 'p', name: 'churn', anyNamespace: null }
const EXPERIMENT: Hit = { __typename: 'Experiment', id: 'e', name: 'churn', createdAt: null, anyNamespace: null }
const ANOTHER: Hit = { ...PIPELINE, id: 'q', name: 'churn-training' }

test('what was found is grouped by kind, the kind of the best hit first', () => {
  expect(groupsOf([EXPERIMENT, PIPELINE, ANOTHER]).map(([kind, hits]) => [kind, hits.map(({ id }) => id)])).toEqual([
    ['Experiment', ['e']],
    ['Pipeline', ['p', 'q']],
  ])
})

test.each([
  ['Churn-churn', 'churn', ['*Churn', '-', '*churn']],
  ['nothing', 'churn', ['nothing']],
  ['İstanbul', 'stan', ['İstanbul']],
  ['aaa', 'aa', ['*aa', 'a']],
])('what was asked for is marked in %s', (text, asked, pieces) => {
  expect(piecesOf(text, asked).map((piece) => (piece.isAsked ? `*${piece.text}` : piece.text))).toEqual(pieces)
})
