/** What a file of a step says that can be shown: `Artifact.metadata`, read without trust. Pure. */
export type Plot =
  | {
      readonly type: 'confusion_matrix'
      readonly axes: readonly [string, string]
      readonly labels: readonly string[]
      readonly counts: readonly (readonly number[])[]
    }
  | { readonly type: 'roc'; readonly points: readonly RocPoint[] }
  | {
      readonly type: 'table'
      readonly header: readonly string[]
      readonly rows: readonly (readonly string[])[]
      readonly rowCount: number
    }
  | { readonly type: 'markdown'; readonly text: string }
  | { readonly type: 'tensorboard' | 'web-app'; readonly uri: string | null }

/** False positive rate, true positive rate, and the threshold, which can be infinite (null). */
export type RocPoint = readonly [falseRate: number, trueRate: number, threshold: number | null]

export interface SetAside {
  readonly place: string
  readonly reason: string
}

export interface Said {
  readonly metrics: readonly (readonly [name: string, value: number | string])[]
  readonly plots: readonly Plot[]
  readonly setAside: readonly SetAside[]
}

/** Read what an artifact says; what is of no known form is left out. */
export function saidBy(metadata: unknown): Said {
  const members = isObject(metadata) ? metadata : {}
  return {
    metrics: Object.entries(isObject(members.metrics) ? members.metrics : {}).filter(
      (entry): entry is [string, number | string] => ['number', 'string'].includes(typeof entry[1]),
    ),
    plots: listed(members.plots)
      .map(plotOf)
      .filter((plot) => plot !== null),
    setAside: listed(members.setAside)
      .filter(isObject)
      .map((one) => ({ place: text(one.place), reason: text(one.reason) })),
  }
}

/** The area under a curve, by trapezoids. */
export function areaUnder(points: readonly RocPoint[]): number {
  const inOrder = [...points].sort((one, other) => one[0] - other[0] || one[1] - other[1])
  return inOrder.reduce((area, [x, y], at) => {
    const before = inOrder[at - 1]
    return before ? area + ((x - before[0]) * (y + before[1])) / 2 : area
  }, 0)
}

function plotOf(given: unknown): Plot | null {
  if (!isObject(given)) return null
  switch (given.type) {
    case 'confusion_matrix': {
      const [row = '', column = ''] = listed(given.axes).map(text)
      return {
        type: given.type,
        axes: [row, column],
        labels: listed(given.labels).map(text),
        counts: listed(given.counts).map((counts) => listed(counts).map(Number)),
      }
    }
    case 'roc':
      return {
        type: given.type,
        points: listed(given.points).map((point) => {
          const [falseRate, trueRate, threshold] = listed(point)
          return [Number(falseRate), Number(trueRate), typeof threshold === 'number' ? threshold : null]
        }),
      }
    case 'table': {
      const rows = listed(given.rows).map((row) => listed(row).map(text))
      return {
        type: given.type,
        header: listed(given.header).map(text),
        rows,
        rowCount: typeof given.rowCount === 'number' ? given.rowCount : rows.length,
      }
    }
    case 'markdown':
      return { type: given.type, text: text(given.text) }
    case 'tensorboard':
    case 'web-app':
      return { type: given.type, uri: typeof given.uri === 'string' ? given.uri : null }
    default:
      return null
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function listed(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : String(value ?? '')
}
