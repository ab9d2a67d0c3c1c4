/** The last runs of something, the newest at the right: each a picture of its phase that leads to it. */
import { address } from '../address/address'
import type { Phase } from '../api/types'
import { texts } from '../texts'
import { Icon } from './icons'
import { PHASE_ICONS, TONES } from './phase'
import { momentText } from './wording'

interface Shown {
  readonly id: string
  readonly displayName: string
  readonly phase: Phase
  readonly createdAt: string | null
}

/** `runs` come the newest first, as lists do. */
export function PhaseStrip({ runs }: { runs: readonly Shown[] }) {
  if (!runs.length) return <span class="quiet">{texts.words.none}</span>
  const now = new Date()
  return (
    <ol class="phase-strip">
      {[...runs].reverse().map((run) => {
        const when = run.createdAt ? momentText(new Date(run.createdAt), now) : null
        const said = texts.words.ofRun(texts.words.phases[run.phase], run.displayName, when)
        return (
          <li key={run.id}>
            <a
              class={`phase-dot tone-${TONES[run.phase]}`}
              href={address(['runs', run.id])}
              aria-label={said}
              title={said}
            >
              <Icon name={PHASE_ICONS[run.phase]} />
            </a>
          </li>
        )
      })}
    </ol>
  )
}
