import type { ComponentChildren } from 'preact'
import { texts } from '../texts'
import { type PageInfo, Pager } from './pager'
import { Empty } from './states'
import { Table, type TableProps } from './table'

/** A page of a list: its table, and what leads to the pages beside it; or what to say where there is nothing. */
export function ListPage<T>({
  page,
  areFiltered,
  empty,
  ...table
}: Omit<TableProps<T>, 'rows'> & {
  page: { readonly nodes: readonly T[]; readonly pageInfo: PageInfo }
  areFiltered: boolean
  empty: { title: string; why?: ComponentChildren }
}) {
  if (page.nodes.length) {
    return (
      <>
        <Table {...table} rows={page.nodes} />
        <Pager of={page.pageInfo} />
      </>
    )
  }
  if (areFiltered) return <Empty title={texts.words.noMatch} />
  return <Empty title={empty.title}>{empty.why && <p>{empty.why}</p>}</Empty>
}
