import type { SourceState } from '../../api/types'
import type { IconName } from '../../parts/icons'
import { Mark } from '../../parts/phase'
import { texts } from '../../texts'

const STATES: Readonly<Record<SourceState, readonly [tone: string, icon: IconName]>> = {
  SYNCED: ['good', 'check'],
  SYNCING: ['busy', 'running'],
  WAITING: ['doubt', 'clock'],
  FORBIDDEN: ['bad', 'cross'],
  ABSENT: ['quiet', 'minus'],
  STOPPED: ['doubt', 'pause'],
}

/** How the watching of a resource fares. */
export function SourceStateMark({ state }: { state: SourceState }) {
  const [tone, icon] = STATES[state]
  return (
    <Mark tone={tone} icon={icon}>
      {texts.sources.states[state]}
    </Mark>
  )
}
