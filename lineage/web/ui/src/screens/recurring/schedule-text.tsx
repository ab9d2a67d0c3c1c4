import { texts } from '../../texts'
import { scheduleText } from './schedule'

/** When it is due, as it is written, and in which time zone; or why nobody can tell. */
export function ScheduleText({
  schedules,
  timezone,
  scheduleError,
}: {
  schedules: readonly string[]
  timezone: string | null
  scheduleError: string | null
}) {
  return (
    <>
      {schedules.map((schedule) => (
        <code key={schedule} class="schedule">
          {scheduleText(schedule)}
        </code>
      ))}
      {schedules.length === 0 && texts.recurring.once}
      {timezone && <span class="quiet"> {timezone}</span>}
      {scheduleError && <span class="wrong"> {scheduleError}</span>}
    </>
  )
}
