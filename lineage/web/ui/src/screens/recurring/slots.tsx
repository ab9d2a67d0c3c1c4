/** When it was due in a range of days, and what became of each time: as a calendar, or as a table of the same. */
import { address } from '../../address/address'
import { useAddress } from '../../address/use-address'
import type { SlotOutcome } from '../../api/types'
import { Icon } from '../../parts/icons'
import { Name } from '../../parts/name'
import { ForwardPager } from '../../parts/pager'
import { Mark, PhaseMark } from '../../parts/phase'
import { Empty, Shown } from '../../parts/states'
import { type Column, Table } from '../../parts/table'
import { Duration, Moment } from '../../parts/values'
import { dayWords, monthWords } from '../../parts/wording'
import { texts } from '../../texts'
import type { ScreenProps } from '..'
import { calendarOf, type Slot } from './calendar'
import { Calendar } from './calendar-view'
import { countsOf, FAILED, failed, OUTCOMES } from './outcomes'
import { beside, dayText, type Range, rangeOf, SPANS } from './range'
import { useSlots } from './use-slots'

export function Slots({ id, params }: { id: string; params: ScreenProps['params'] }) {
  const said = texts.recurring
  const range = rangeOf(params.from, params.span, new Date())
  const answered = useSlots(id, range, params.after ?? null)
  const isTable = params.slots === 'table'
  return (
    <section>
      <div class="section-head">
        <h2>{said.slots}</h2>
        <Moving range={range} isTable={isTable} />
      </div>
      <Shown of={answered}>
        {({ slots, next, total }) => {
          if (!slots.length) return <Empty title={said.noSlots} />
          const isWhole = !next && !params.after
          return (
            <>
              <Counts slots={slots} total={total} />
              {isTable ? (
                <Table caption={said.slots} columns={COLUMNS} rows={slots} keyOf={(slot) => slot.dueAt} />
              ) : (
                <Calendar days={calendarOf(slots, range, { isWhole })} chosen={params.slot} />
              )}
              <ForwardPager next={next} params={params} />
            </>
          )
        }}
      </Shown>
    </section>
  )
}

function Moving({ range, isTable }: { range: Range; isTable: boolean }) {
  const said = texts.recurring
  const { path, params } = useAddress()
  const to = (changed: Record<string, string | null>) =>
    address(path, { ...params, after: null, slot: null, ...changed })
  return (
    <div class="beside">
      <span class="range number">{rangeText(range)}</span>
      <span class="joined">
        <a class="button" href={to({ from: beside(range, -1) })} aria-label={said.before[range.span]}>
          <Icon name="left" />
        </a>
        <a class="button" href={to({ from: null })}>
          {said.today}
        </a>
        <a class="button" href={to({ from: beside(range, 1) })} aria-label={said.behind[range.span]}>
          <Icon name="right" />
        </a>
      </span>
      <span class="joined">
        {SPANS.map((span) => (
          <a
            key={span}
            class="button"
            href={to({ span, from: dayText(range.from) })}
            aria-current={span === range.span ? 'true' : undefined}
          >
            {said.span[span]}
          </a>
        ))}
      </span>
      <a class="button" href={to({ slots: isTable ? null : 'table', after: params.after ?? null })}>
        {isTable ? said.asCalendar : said.asTable}
      </a>
    </div>
  )
}

function rangeText({ span, from, to }: Range): string {
  if (span === 'month') return monthWords(from)
  if (span === 'day') return dayWords(from)
  return texts.recurring.fromTo(dayWords(from), dayWords(new Date(to.getTime() - 1)))
}

/** What became of those that are shown: so it is the key to the pictures, too. */
function Counts({ slots, total }: { slots: readonly Slot[]; total: number }) {
  const failures = slots.filter(failed).length
  return (
    <ul class="counts">
      {countsOf(slots).map(([outcome, count]) => (
        <li key={outcome}>
          <OutcomeMark outcome={outcome} /> <span class="number">{count.toLocaleString()}</span>
        </li>
      ))}
      {failures > 0 && (
        <li>
          <Mark tone="bad" icon={FAILED}>
            {texts.recurring.failed}
          </Mark>{' '}
          <span class="number">{failures.toLocaleString()}</span>
        </li>
      )}
      {total > slots.length && <li class="quiet">{texts.recurring.shownOf(slots.length, total)}</li>}
    </ul>
  )
}

function OutcomeMark({ outcome }: { outcome: SlotOutcome }) {
  const { tone, icon } = OUTCOMES[outcome]
  return (
    <Mark tone={tone} icon={icon}>
      {texts.recurring.outcomes[outcome]}
    </Mark>
  )
}

const COLUMNS: readonly Column<Slot>[] = [
  { id: 'due', title: texts.recurring.slot.due, cell: (slot) => <Moment at={slot.dueAt} /> },
  { id: 'outcome', title: texts.recurring.slot.outcome, cell: (slot) => <OutcomeMark outcome={slot.outcome} /> },
  {
    id: 'late',
    title: texts.recurring.slot.late,
    cell: (slot) => <Duration seconds={slot.lateBySeconds} />,
    isNumber: true,
  },
  { id: 'phase', title: texts.runs.column.phase, cell: (slot) => slot.run && <PhaseMark phase={slot.run.phase} /> },
  {
    id: 'run',
    title: texts.recurring.slot.run,
    cell: (slot) => slot.run && <Name text={slot.run.displayName} href={address(['runs', slot.run.id])} />,
  },
  { id: 'reason', title: texts.recurring.slot.reason, cell: (slot) => slot.reason },
]
