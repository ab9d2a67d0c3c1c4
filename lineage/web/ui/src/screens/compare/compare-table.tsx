/** Runs side by side: what, and a column for each run, the baseline first. What the row is of stays where one scrolls. */
import { address } from '../../address/address'
import { change } from '../../address/use-address'
import { Icon } from '../../parts/icons'
import { Name } from '../../parts/name'
import { Mark, PhaseMark } from '../../parts/phase'
import { percentText, signedText } from '../../parts/wording'
import { texts } from '../../texts'
import { type Cell, differenceOf, type Row, type Run, SECTIONS, type Sections } from './rows'

export function CompareTable({ runs, sections }: { runs: readonly Run[]; sections: Sections }) {
  const said = texts.compare
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard (WCAG 2.1.1)
    <section class="table compare" aria-label={said.table} tabIndex={0}>
      <table>
        <caption class="unseen">{said.table}</caption>
        <thead>
          <tr>
            <td />
            {runs.map((run, at) => (
              <th key={run.id} scope="col">
                <RunHead run={run} runs={runs} isBase={at === 0} />
              </th>
            ))}
          </tr>
        </thead>
        {SECTIONS.filter((name) => sections[name].length).map((name) => (
          <tbody key={name}>
            <tr>
              <th scope="rowgroup" class="section" colSpan={runs.length + 1}>
                <span>{said.sections[name]}</span>
              </th>
            </tr>
            {sections[name].map((row) => (
              <tr key={row.id}>
                <th scope="row">
                  {row.step !== null && <div class="quiet">{row.step}</div>}
                  <bdi>{row.name}</bdi>
                </th>
                {row.cells.map((cell, at) => (
                  <td key={runs[at]?.id} class={classOf(row, cell, at)}>
                    <Shown row={row} cell={cell} isBase={at === 0} />
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        ))}
      </table>
    </section>
  )
}

function RunHead({ run, runs, isBase }: { run: Run; runs: readonly Run[]; isBase: boolean }) {
  const said = texts.compare
  const without = runs.filter((one) => one.id !== run.id).map((one) => one.id)
  return (
    <>
      <div class="run-head">
        <Name text={run.displayName} href={address(['runs', run.id])} />
        <button
          type="button"
          class="plain"
          aria-label={said.remove(run.displayName)}
          title={said.remove(run.displayName)}
          onClick={() => change({ runs: without.join(','), ...(isBase && { base: null }) })}
        >
          <Icon name="cross" />
        </button>
      </div>
      <div class="run-head">
        <PhaseMark phase={run.phase} />
        {isBase ? (
          <Mark tone="busy" icon="check">
            {said.base}
          </Mark>
        ) : (
          <button
            type="button"
            class="plain"
            title={said.makeBaseOf(run.displayName)}
            onClick={() => change({ base: run.id })}
          >
            {said.makeBase}
          </button>
        )}
      </div>
    </>
  )
}

function Shown({ row, cell, isBase }: { row: Row; cell: Cell | null; isBase: boolean }) {
  if (!cell) return <span class="quiet">{texts.compare.notThere}</span>
  const text = <span title={cell.whole}>{cell.text}</span>
  return (
    <>
      <div class="value">{cell.href ? <a href={cell.href}>{text}</a> : text}</div>
      {cell.note && <div class="quiet note">{cell.note}</div>}
      {!isBase && <Difference row={row} cell={cell} />}
    </>
  )
}

function Difference({ row, cell }: { row: Row; cell: Cell }) {
  const found = differenceOf(row, cell)
  if (!found) return null
  const { by, relative, is } = found
  const tone = is === 'better' ? 'is-better' : is === 'worse' ? 'is-worse' : 'quiet'
  return (
    <div class={`difference ${tone}`}>
      <Icon name={by > 0 ? 'up' : 'down'} />
      {writtenOf(row, by)}
      {relative !== null && ` (${percentText(relative)})`}
      {is && ` ${texts.compare[is]}`}
    </div>
  )
}

/** A difference in the words of its row: one of seconds as a duration. */
function writtenOf(row: Row, by: number): string {
  const size = row.written(Math.abs(by))
  return /^[\d.,]+(e[+-]?\d+)?$/.test(size) ? signedText(by) : `${by > 0 ? '+' : '−'}${size}`
}

function classOf(row: Row, cell: Cell | null, at: number): string {
  const base = row.cells[0]
  const isSame = at > 0 && (base?.counts ?? null) === (cell?.counts ?? null)
  return [cell?.number === undefined ? '' : 'number', isSame ? 'is-same' : ''].filter(Boolean).join(' ')
}
