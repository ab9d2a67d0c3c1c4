/** Schedules as people read them: cron expressions as they are written, intervals in words. Pure. */
import { texts } from '../../texts'

const INTERVAL = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/
const UNITS = ['d', 'h', 'm', 's']

export function schedulesText(schedules: readonly string[]): string {
  return schedules.map(scheduleText).join(', ')
}

export function scheduleText(schedule: string): string {
  const [, ...numbers] = INTERVAL.exec(schedule) ?? []
  const parts = numbers.flatMap((number, place) => (Number(number) ? [`${number} ${UNITS[place]}`] : []))
  return parts.length ? texts.recurring.every(parts.join(' ')) : schedule
}
