import type { Phase } from '../api/types'
import { texts } from '../texts'
import { Icon, type IconName } from './icons'

export type Tone = 'good' | 'bad' | 'busy' | 'quiet' | 'doubt'

/** What a phase means to who looks: its colour, beside which the icon and the word say the same. */
export const TONES: Readonly<Record<Phase, Tone>> = {
  SUCCEEDED: 'good',
  FAILED: 'bad',
  ERROR: 'bad',
  RUNNING: 'busy',
  PENDING: 'quiet',
  SKIPPED: 'quiet',
  OMITTED: 'quiet',
  UNKNOWN: 'doubt',
}

export const PHASE_ICONS: Readonly<Record<Phase, IconName>> = {
  SUCCEEDED: 'check',
  FAILED: 'cross',
  ERROR: 'alert',
  RUNNING: 'running',
  PENDING: 'dots',
  SKIPPED: 'skip',
  OMITTED: 'minus',
  UNKNOWN: 'question',
}

export function PhaseMark({ phase }: { phase: Phase }) {
  return (
    <Mark tone={TONES[phase]} icon={PHASE_ICONS[phase]}>
      {texts.words.phases[phase]}
    </Mark>
  )
}

/** A word with a meaning: by its colour, its icon and itself. */
export function Mark({ tone, icon, children }: { tone: string; icon: IconName; children: string }) {
  return (
    <span class={`mark tone-${tone}`}>
      <Icon name={icon} />
      {children}
    </span>
  )
}
