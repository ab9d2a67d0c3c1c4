/** The calendar of slots: one stop of the tab key, within which the arrow keys move; a slot leads to its run. */
import { useRef, useState } from 'preact/hooks'
import { address } from '../../address/address'
import { change } from '../../address/use-address'
import { Icon } from '../../parts/icons'
import { clockText, dayWords } from '../../parts/wording'
import { texts } from '../../texts'
import { columnOf, type Day, daysAbreast, type Slot, stepped } from './calendar'
import { FAILED, failed, OUTCOMES, slotText } from './outcomes'
import { startOf } from './range'

export function Calendar({ days, chosen }: { days: readonly Day[]; chosen: string | undefined }) {
  const [pointed, setPointed] = useState<string | null>(null)
  const grid = useRef<HTMLOListElement>(null)
  const slots = days.flatMap((day) => day.slots)
  const abreast = daysAbreast(days)
  const today = startOf(new Date()).getTime()
  const told = slots.find((slot) => slot.dueAt === (pointed ?? chosen))
  const stop = (told ?? slots[0])?.dueAt
  const move = (event: KeyboardEvent) => {
    const from = (event.target as HTMLElement).closest<HTMLElement>('[data-due]')?.dataset.due
    const next = from && stepped(days, from, event.key, abreast)
    if (!next) return
    event.preventDefault()
    grid.current?.querySelector<HTMLElement>(`[data-due="${CSS.escape(next)}"]`)?.focus()
  }
  const shown = {
    onFocus: (slot: Slot) => setPointed(slot.dueAt),
    onPoint: (slot: Slot | null) => setPointed(slot?.dueAt ?? null),
  }
  return (
    <div class="calendar">
      <ol class={abreast > 1 ? 'days is-week' : 'days'} ref={grid} onKeyDown={move} aria-label={texts.recurring.slots}>
        {days.map((day, place) => (
          <li
            key={day.at.getTime()}
            class="day"
            style={abreast > 1 && place === 0 ? { gridColumnStart: columnOf(day.at) } : undefined}
          >
            <span class="day-name" aria-current={day.at.getTime() === today ? 'date' : undefined}>
              {dayWords(day.at)}
            </span>
            <ol class="slots">
              {day.slots.map((slot) => (
                <li key={slot.dueAt}>
                  <SlotMark slot={slot} isStop={slot.dueAt === stop} isChosen={slot.dueAt === chosen} {...shown} />
                </li>
              ))}
            </ol>
          </li>
        ))}
      </ol>
      {/* What the slots say by their names to who hears them, for who sees them. */}
      <p class="told" aria-hidden="true">
        {told ? slotText(told) : texts.recurring.point}
      </p>
    </div>
  )
}

function SlotMark({
  slot,
  isStop,
  isChosen,
  onFocus,
  onPoint,
}: {
  slot: Slot
  isStop: boolean
  isChosen: boolean
  onFocus: (slot: Slot) => void
  onPoint: (slot: Slot | null) => void
}) {
  const { tone, icon } = OUTCOMES[slot.outcome]
  const common = {
    class: `slot tone-${tone} slot-${slot.outcome.toLowerCase()}`,
    tabIndex: isStop ? 0 : -1,
    'data-due': slot.dueAt,
    'aria-label': slotText(slot),
    onFocus: () => onFocus(slot),
    onBlur: () => onPoint(null),
    onMouseEnter: () => onPoint(slot),
    onMouseLeave: () => onPoint(null),
  }
  const picture = (
    <>
      <Icon name={icon} />
      <span class="clock">{clockText(new Date(slot.dueAt))}</span>
      {failed(slot) && (
        <span class="sign tone-bad">
          <Icon name={FAILED} />
        </span>
      )}
    </>
  )
  if (slot.run) {
    return (
      <a {...common} href={address(['runs', slot.run.id])}>
        {picture}
      </a>
    )
  }
  return (
    <button
      type="button"
      {...common}
      aria-pressed={isChosen}
      onClick={() => change({ slot: isChosen ? null : slot.dueAt }, { replace: true })}
    >
      {picture}
    </button>
  )
}
