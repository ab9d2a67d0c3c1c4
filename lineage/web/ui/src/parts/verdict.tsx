/** Verdicts and tiers of audits, as marks. */
import type { Tier, Verdict } from '../api/types'
import { texts } from '../texts'
import { Icon, type IconName } from './icons'
import { Mark } from './phase'

const VERDICTS: Readonly<Record<Verdict, readonly [tone: string, icon: IconName]>> = {
  PASS: ['good', 'check'],
  FAIL: ['bad', 'cross'],
  UNKNOWN: ['doubt', 'question'],
  NOT_APPLICABLE: ['quiet', 'minus'],
  WAIVED: ['quiet', 'skip'],
}

const TIERS: Readonly<Record<Tier, readonly [tone: string, icon: IconName]>> = {
  NONE: ['bad', 'cross'],
  TRACEABLE: ['doubt', 'search'],
  RE_EXECUTABLE: ['busy', 'running'],
  VERIFIED: ['good', 'check'],
}

export function VerdictMark({ verdict }: { verdict: Verdict }) {
  const [tone, icon] = VERDICTS[verdict]
  return (
    <Mark tone={tone} icon={icon}>
      {texts.audit.verdicts[verdict]}
    </Mark>
  )
}

export function TierMark({ tier }: { tier: Tier }) {
  const [tone, icon] = TIERS[tier]
  return (
    <Mark tone={tone} icon={icon}>
      {texts.audit.tiers[tier]}
    </Mark>
  )
}

/** The same without the word, for who sees it: where many stand beneath one another, ahead of what they are of. */
export function VerdictSign({ verdict }: { verdict: Verdict }) {
  const [tone, icon] = VERDICTS[verdict]
  return (
    <span class={`sign tone-${tone}`} title={texts.audit.verdicts[verdict]}>
      <Icon name={icon} />
      <span class="unseen">{texts.audit.verdicts[verdict]}:</span>
    </span>
  )
}
