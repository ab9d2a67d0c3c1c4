/** What became of slots, as it is shown: by a colour, a picture and a word. Pure. */
import type { SlotOutcome } from '../../api/types'
import type { IconName } from '../../parts/icons'
import { TONES } from '../../parts/phase'
import { durationText, momentWords } from '../../parts/wording'
import { texts } from '../../texts'
import type { Slot } from './calendar'

export const OUTCOMES: Readonly<Record<SlotOutcome, { tone: string; icon: IconName }>> = {
  ON_TIME: { tone: 'good', icon: 'check' },
  LATE: { tone: 'doubt', icon: 'clock' },
  MISSED: { tone: 'bad', icon: 'cross' },
  DUPLICATE: { tone: 'doubt', icon: 'copy' },
  SKIPPED_BY_POLICY: { tone: 'quiet', icon: 'skip' },
  PENDING: { tone: 'quiet', icon: 'dots' },
}

export const FAILED: IconName = 'cross'

/** Whether a run was made, and failed: however well its time was kept. */
export function failed(slot: Slot): boolean {
  return slot.run !== null && TONES[slot.run.phase] === 'bad'
}

/** How many came to what, in the order in which outcomes are told; what did not occur is left out. */
export function countsOf(slots: readonly Slot[]): readonly (readonly [outcome: SlotOutcome, count: number])[] {
  return (Object.keys(OUTCOMES) as SlotOutcome[])
    .map((outcome) => [outcome, slots.filter((slot) => slot.outcome === outcome).length] as const)
    .filter(([, count]) => count > 0)
}

/** All of a slot in a sentence: `Mon 2 Nov 03:00: Late by 4 m 10 s, churn-training-x7f2 Succeeded`. */
export function slotText(slot: Slot): string {
  const said = texts.recurring
  const late = slot.outcome === 'LATE' && slot.lateBySeconds !== null ? said.by(durationText(slot.lateBySeconds)) : ''
  return [
    `${momentWords(new Date(slot.dueAt))}: ${said.outcomes[slot.outcome]}${late}`,
    slot.run && `${slot.run.displayName} ${texts.words.phases[slot.run.phase]}`,
    slot.reason,
  ]
    .filter(Boolean)
    .join(', ')
}
