import { expect, test } from 'vitest'
import { read, SAVED_QUERIES } from '../src/screens/ask/saved-queries'

test('every saved query says what it answers', () => {
  expect(SAVED_QUERIES.length).toBeGreaterThan(40)
  for (const { name, question } of SAVED_QUERIES) expect(question, name).not.toBe('')
})

test('what a query needs are its variables that must not be null and have no value', () => {
  expect(
    read(
      '# What?\n# Really?\nquery Q($id: ID!, $ids: [ID!]!, $first: Int = 3, $all: Boolean! = true, $names: [ID!]) { x }',
    ),
  ).toMatchObject({ question: 'What? Really?', needs: ['id', 'ids'] })
})
