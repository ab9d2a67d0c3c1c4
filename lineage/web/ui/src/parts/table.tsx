import { type ComponentChildren, Fragment } from 'preact'
import { texts } from '../texts'
import { Icon } from './icons'

export interface Column<T> {
  readonly id: string
  readonly title: ComponentChildren
  readonly cell: (row: T) => ComponentChildren
  /** Numbers stand at the right, one under the other. */
  readonly isNumber?: boolean
  /** Which way the table is sorted by it; absent where it cannot be. */
  readonly sorted?: 'ascending' | 'descending' | 'none'
  readonly onSort?: () => void
  /** What it is called to who sorts by it, where the title is no text. */
  readonly name?: string
}

export interface TableProps<T> {
  readonly caption: string
  readonly columns: readonly Column<T>[]
  readonly rows: readonly T[]
  readonly keyOf: (row: T) => string
  readonly rowClass?: (row: T) => string | undefined
  /** What stands beneath a row that is opened. */
  readonly detail?: (row: T) => ComponentChildren
}

/** A table that scrolls by itself where it is too wide, its first column staying. The caption is for who cannot see it. */
export function Table<T>({ caption, columns, rows, keyOf, rowClass, detail }: TableProps<T>) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard (WCAG 2.1.1)
    <section class="table" aria-label={caption} tabIndex={0}>
      <table>
        <caption class="unseen">{caption}</caption>
        <thead>
          <tr>
            {columns.map((column) => (
              <th
                key={column.id}
                scope="col"
                class={column.isNumber ? 'number' : undefined}
                aria-sort={column.sorted && column.sorted !== 'none' ? column.sorted : undefined}
              >
                {column.onSort ? (
                  <button
                    type="button"
                    class="plain sort"
                    title={texts.words.sortBy(column.name ?? String(column.title))}
                    onClick={column.onSort}
                  >
                    {column.title}
                    {column.sorted === 'ascending' && <Icon name="up" />}
                    {column.sorted === 'descending' && <Icon name="down" />}
                  </button>
                ) : (
                  column.title
                )}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => {
            const opened = detail?.(row)
            return (
              <Fragment key={keyOf(row)}>
                <tr class={rowClass?.(row)}>
                  {columns.map((column) => (
                    <td key={column.id} class={column.isNumber ? 'number' : undefined}>
                      {column.cell(row)}
                    </td>
                  ))}
                </tr>
                {opened && (
                  <tr class="detail">
                    <td colSpan={columns.length}>{opened}</td>
                  </tr>
                )}
              </Fragment>
            )
          })}
        </tbody>
      </table>
    </section>
  )
}
