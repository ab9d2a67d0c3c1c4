/** What feeds the store: how much is known, what is watched and how that fares, and what could not be recorded. */
import { Screen } from '../../parts/screen'
import { texts } from '../../texts'
import type { ScreenProps } from '..'
import { Known } from './known'
import { RejectedEvents } from './rejected'
import { Watched } from './watched'

export function SourcesScreen({ params }: ScreenProps) {
  return (
    <Screen title={texts.sources.title}>
      <div class="stack">
        <Known />
        <Watched params={params} />
        <RejectedEvents params={params} />
      </div>
    </Screen>
  )
}
