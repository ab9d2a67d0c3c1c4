import { expect, test } from 'vitest'
import { areaUnder, saidBy } from '../src/plots/plots'

test('what an artifact says is read as it is written', () => {
  const said = saidBy({
    metrics: { auc: 0.9, loss: 'NAN' },
    plots: [
      {
        type: 'confusion_matrix',
        axes: ['target', 'predicted'],
        labels: ['a', 'b'],
        counts: [
          [1, 2],
          [3, 4],
        ],
      },
      {
        type: 'roc',
        columns: ['fpr', 'tpr', 'threshold'],
        points: [
          [0, 0, null],
          [1, 1, 0.5],
        ],
      },
      { type: 'table', header: ['name'], rows: [['x']], rowCount: 7 },
      { type: 'markdown', text: '# Title' },
      { type: 'web-app', uri: null },
    ],
    setAside: [{ place: 'outputs[3]', reason: 'no JSON' }],
  })
  expect(said.metrics).toEqual([
    ['auc', 0.9],
    ['loss', 'NAN'],
  ])
  expect(said.plots.map(({ type }) => type)).toEqual(['confusion_matrix', 'roc', 'table', 'markdown', 'web-app'])
  expect(said.plots[1]).toMatchObject({
    points: [
      [0, 0, null],
      [1, 1, 0.5],
    ],
  })
  expect(said.setAside).toEqual([{ place: 'outputs[3]', reason: 'no JSON' }])
})

test.each([null, 'text', 7, [], { plots: 'none', metrics: [1] }, { plots: [null, { type: 'hologram' }] }])(
  'what is of no known form shows nothing: %j',
  (metadata) => {
    expect(saidBy(metadata)).toEqual({ metrics: [], plots: [], setAside: [] })
  },
)

test('the area under a curve does not depend on the order of its points', () => {
  const points = [
    [0, 0, null],
    [0.2, 0.8, 0.5],
    [1, 1, 0],
  ] as const
  expect(areaUnder(points)).toBeCloseTo(0.8)
  expect(areaUnder([...points].reverse())).toBeCloseTo(0.8)
})
