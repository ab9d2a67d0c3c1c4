/** Marks of what audits say: tiers and verdicts. */
import type { Tier, Verdict } from '../api/types'
import { texts } from '../texts'
import { Icon, type IconName } from './icons'
import { Mark } from './phase'

const TIERS: Readonly<Record<Tier, readonly [tone: string, icon: IconName]>> = {
  NONE: ['doubt', 'minus'],
  TRACEABLE: ['busy', 'search'],
  RE_EXECUTABLE: ['good', 'running'],
  VERIFIED: ['good', 'check'],
}

const VERDICTS: Readonly<Record<Verdict, readonly [tone: string, icon: IconName]>> = {
  PASS: ['good', 'check'],
  FAIL: ['bad', 'cross'],
  UNKNOWN: ['doubt', 'question'],
  NOT_APPLICABLE: ['quiet', 'minus'],
  WAIVED: ['quiet', 'skip'],
}

export function TierMark({ tier }: { tier: Tier }) {
  const [tone, icon] = TIERS[tier]
  return (
    <Mark tone={tone} icon={icon}>
      {texts.words.tiers[tier]}
    </Mark>
  )
}

export function VerdictMark({ verdict }: { verdict: Verdict }) {
  const [tone, icon] = VERDICTS[verdict]
  return (
    <Mark tone={tone} icon={icon}>
      {texts.words.verdicts[verdict]}
    </Mark>
  )
}

/** The same without the word, for who sees it: where many stand beneath one another, ahead of what they are of. */
export function VerdictSign({ verdict }: { verdict: Verdict }) {
  const [tone, icon] = VERDICTS[verdict]
  return (
    <span class={`sign tone-${tone}`} title={texts.words.verdicts[verdict]}>
      <Icon name={icon} />
      <span class="unseen">{texts.words.verdicts[verdict]}:</span>
    </span>
  )
}
