/** Each shift of a level: between which runs, how sure it is, and what may have done it. */
import type { ComponentChildren } from 'preact'
import { address } from '../../address/address'
import { Side } from '../../comparison/differences'
import { Facts } from '../../parts/facts'
import { Name } from '../../parts/name'
import { Mark } from '../../parts/phase'
import { Table } from '../../parts/table'
import { Moment } from '../../parts/values'
import { measureText, probabilityText, signedText } from '../../parts/wording'
import { texts } from '../../texts'
import { changeOf, type Shift, type Trend } from './drawing'
import { VerdictMark } from './overview'

type Suspect = Shift['suspects'][number]
/** Without a change it is the rival of all: what is not tracked. */
interface Row {
  readonly score: number
  readonly change: Suspect['change'] | null
}

export function Shifts({ trend }: { trend: Trend }) {
  const said = texts.trends.shifts
  if (!trend.shifts.length) {
    return (
      <section class="card">
        <h2>{said.title}</h2>
        <p class="quiet">{said.none}</p>
      </section>
    )
  }
  return (
    <>
      {trend.shifts.map((shift, number) => (
        <OneShift key={shift.after.id} trend={trend} shift={shift} number={number + 1} />
      ))}
    </>
  )
}

function OneShift({ trend, shift, number }: { trend: Trend; shift: Shift; number: number }) {
  const said = texts.trends.shifts
  const written = (value: number) => measureText(trend.metric, value)
  const p = probabilityText(shift.pValue)
  const isWide = shift.earliest.id !== shift.latest.id
  const compared = { runs: `${shift.before.id},${shift.after.id}`, base: shift.before.id }
  return (
    <section class="card stack">
      <h2 class="with-mark">
        {said.heading(number, texts.trends.verdicts[shift.verdict].toLowerCase(), changeOf(shift))}
        <VerdictMark verdict={shift.verdict} />
      </h2>
      <Facts
        of={[
          [said.levels, `${written(shift.medianBefore)} → ${written(shift.medianAfter)}`],
          [said.begun, <Runs key="it" one={shift.before} other={shift.after} />],
          [texts.trends.gaps.at, <Moment key="it" at={shift.at} />],
          isWide && [said.mayBe, <Runs key="it" one={shift.earliest} other={shift.latest} />],
          [said.strength, shift.effect === null ? said.onlyP(p) : said.effect(signedText(shift.effect), p)],
        ]}
      />
      <h3>{said.suspects}</h3>
      {shift.suspects.length ? (
        <Suspects shift={shift} caption={said.suspectsOf(number)} />
      ) : (
        <p class="quiet">{said.noSuspects}</p>
      )}
      {shift.confounded && (
        <div>
          <Mark tone="doubt" icon="question">
            {said.confounded}
          </Mark>{' '}
          {said.confoundedWhy}
          <ul class="plain-list">
            {shift.together.map((one) => (
              <li key={one}>
                <bdi>{one}</bdi>
              </li>
            ))}
          </ul>
        </div>
      )}
      {shift.separating.length > 0 && (
        <div>
          <h3>{said.separating}</h3>
          <ul class="plain-list">
            {shift.separating.map((one) => (
              <li key={one}>{one}</li>
            ))}
          </ul>
        </div>
      )}
      <p>
        <a href={address(['compare'], compared)}>{said.compare}</a>
      </p>
    </section>
  )
}

function Suspects({ shift, caption }: { shift: Shift; caption: string }) {
  const said = texts.trends.shifts
  const rows: Row[] = [...shift.suspects, { score: shift.notTracked, change: null }]
  rows.sort((one, other) => other.score - one.score)
  return (
    <Table<Row>
      caption={caption}
      columns={[
        { id: 'score', title: said.columns.score, cell: (row) => <Score of={row.score} />, isNumber: true },
        { id: 'what', title: said.columns.what, cell: (row) => <What row={row} /> },
        { id: 'before', title: said.columns.before, cell: (row) => row.change && <Side text={row.change.before} /> },
        { id: 'after', title: said.columns.after, cell: (row) => row.change && <Side text={row.change.after} /> },
      ]}
      rows={rows}
      keyOf={(row) => (row.change ? `${row.change.kind} ${row.change.step} ${row.change.path}` : '')}
    />
  )
}

/** Of 100 %, as a number and as the length of a bar. */
function Score({ of }: { of: number }) {
  return (
    <span class="score">
      <svg viewBox="0 0 100 8" width="64" height="8" preserveAspectRatio="none" aria-hidden="true">
        <rect class="score-ground" width="100" height="8" />
        <rect class="score-part" width={Math.max(of * 100, 1)} height="8" />
      </svg>
      {Math.round(of * 100)} %
    </span>
  )
}

function What({ row }: { row: Row }) {
  const { change } = row
  if (!change) return <span class="quiet">{texts.trends.shifts.notTracked}</span>
  return (
    <>
      <div>
        <bdi>{change.step ?? texts.trends.shifts.ofRun}</bdi>: <code class="value">{change.path}</code>
      </div>
      {change.detail && <div class="quiet">{change.detail}</div>}
    </>
  )
}

function Runs({ one, other }: { one: Shift['before']; other: Shift['after'] }): ComponentChildren {
  return (
    <div class="links">
      <Name text={one.displayName} href={address(['runs', one.id])} />
      <Name text={other.displayName} href={address(['runs', other.id])} />
    </div>
  )
}
