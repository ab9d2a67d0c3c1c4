/** A graph as a table: the same things, with how many lead to each and from it. */
import { change } from '../address/use-address'
import { Mark } from '../parts/phase'
import { type Column, Table } from '../parts/table'
import { texts } from '../texts'
import { stateOf } from './kinds'
import { isFound, type Picture, type Thing } from './picture'
import { type Neighbours, neighbours } from './walking'

const SORTS: Readonly<Record<string, (around: Neighbours) => (thing: Thing) => string | number>> = {
  title: () => (thing) => thing.title.toLowerCase(),
  kind: () => (thing) => texts.graph.kinds[thing.kind],
  state: () => stateOf,
  about: () => (thing) => thing.subtitle.toLowerCase(),
  before: (around) => (thing) => around.before.get(thing.id)?.length ?? 0,
  after: (around) => (thing) => around.after.get(thing.id)?.length ?? 0,
}
const NUMBERS: ReadonlySet<string> = new Set(['before', 'after'])

interface GraphTableProps {
  readonly picture: Picture
  readonly label: string
  /** Only what has it in its names; all where it is empty. */
  readonly find: string
  /** A column, `-` before it to turn it around. */
  readonly order: string
  readonly selected: string | null
  readonly onOpen: (thing: Thing) => void
}

export function GraphTable({ picture, label, find, order, selected, onOpen }: GraphTableProps) {
  const around = neighbours(picture)
  const found = find.trim() ? picture.things.filter((thing) => isFound(thing, find)) : picture.things
  const sorted = (id: keyof typeof texts.graph.columns): Pick<Column<Thing>, 'id' | 'title' | 'sorted' | 'onSort'> => ({
    id,
    title: texts.graph.columns[id],
    sorted: order === id ? 'ascending' : order === `-${id}` ? 'descending' : 'none',
    onSort: () => change({ order: order === first(id) ? other(id) : first(id) }, { replace: true }),
  })
  const columns: Column<Thing>[] = [
    {
      ...sorted('title'),
      cell: (thing) => (
        <button type="button" class="link" onClick={() => onOpen(thing)}>
          <bdi>{thing.title}</bdi>
        </button>
      ),
    },
    { ...sorted('kind'), cell: (thing) => texts.graph.kinds[thing.kind] },
    { ...sorted('state'), cell: (thing) => <States of={thing} /> },
    { ...sorted('about'), cell: (thing) => <bdi>{thing.subtitle}</bdi> },
    { ...sorted('before'), cell: (thing) => around.before.get(thing.id)?.length ?? 0, isNumber: true },
    { ...sorted('after'), cell: (thing) => around.after.get(thing.id)?.length ?? 0, isNumber: true },
  ]
  return (
    <Table
      caption={label}
      columns={columns}
      rows={inOrder(found, order, around)}
      keyOf={(thing) => thing.id}
      rowClass={(thing) => (thing.id === selected ? 'is-marked' : undefined)}
    />
  )
}

function States({ of: thing }: { of: Thing }) {
  return (
    <span class="row">
      {thing.marks.map(({ word, tone, icon, count }) => (
        <Mark key={word} tone={tone} icon={icon}>
          {count === undefined ? word : `${count.toLocaleString('en')} ${word}`}
        </Mark>
      ))}
      {thing.badges.map((badge) => (
        <span key={badge} class="quiet">
          {badge}
        </span>
      ))}
      {thing.more && <span class="quiet">{texts.graph.more}</span>}
    </span>
  )
}

function inOrder(things: readonly Thing[], order: string, around: Neighbours): readonly Thing[] {
  const value = SORTS[order.replace(/^-/, '')]?.(around)
  if (!value) return things
  const sign = order.startsWith('-') ? -1 : 1
  const compared = (one: string | number, other: string | number) => (one < other ? -sign : one > other ? sign : 0)
  return [...things].sort((one, other) => compared(value(one), value(other)))
}

/** What a first click on a column makes of it: the largest number first, names from A on. */
function first(id: string): string {
  return NUMBERS.has(id) ? `-${id}` : id
}

function other(id: string): string {
  return NUMBERS.has(id) ? id : `-${id}`
}
