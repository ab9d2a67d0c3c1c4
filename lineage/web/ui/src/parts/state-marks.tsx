/** Marks of what is in some state, beside runs: artifacts, recurring runs, deployments. */
import type { ArtifactState } from '../api/types'
import { texts } from '../texts'
import type { IconName } from './icons'
import { Mark, type Tone } from './phase'

export const OF_ARTIFACTS: Readonly<Record<ArtifactState, readonly [tone: Tone, icon: IconName]>> = {
  PRESENT: ['good', 'check'],
  CHANGED: ['bad', 'alert'],
  MISSING: ['bad', 'cross'],
  UNVERIFIED: ['quiet', 'question'],
}

export function ArtifactStateMark({ state }: { state: ArtifactState }) {
  const [tone, icon] = OF_ARTIFACTS[state]
  return (
    <Mark tone={tone} icon={icon}>
      {texts.words.artifactStates[state]}
    </Mark>
  )
}

/** Whether a recurring run makes runs. */
export function RecurringMark({
  enabled,
  stopped,
  inCluster,
}: {
  enabled: boolean
  stopped: boolean
  inCluster: boolean
}) {
  const said = texts.words.recurringStates
  if (!inCluster) {
    return (
      <Mark tone="quiet" icon="cross">
        {said.gone}
      </Mark>
    )
  }
  if (stopped) {
    return (
      <Mark tone="quiet" icon="check">
        {said.stopped}
      </Mark>
    )
  }
  return enabled ? (
    <Mark tone="good" icon="running">
      {said.enabled}
    </Mark>
  ) : (
    <Mark tone="doubt" icon="pause">
      {said.disabled}
    </Mark>
  )
}

/** Whether a deployment can be asked. */
export function ReadyMark({ ready, inCluster }: { ready: boolean | null; inCluster: boolean }) {
  const said = texts.words.readyStates
  if (!inCluster) {
    return (
      <Mark tone="quiet" icon="cross">
        {said.gone}
      </Mark>
    )
  }
  if (ready === null) {
    return (
      <Mark tone="quiet" icon="question">
        {said.unknown}
      </Mark>
    )
  }
  return ready ? (
    <Mark tone="good" icon="check">
      {said.ready}
    </Mark>
  ) : (
    <Mark tone="bad" icon="alert">
      {said.notReady}
    </Mark>
  )
}
