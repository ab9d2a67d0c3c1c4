/** How far runs can be trusted: many runs by tier; and where what should have done the same did not. */
import { address } from '../../address/address'
import { Screen } from '../../parts/screen'
import { Tabs } from '../../parts/tabs'
import { texts } from '../../texts'
import type { ScreenProps } from '..'
import { Nondeterminism } from './nondeterminism'
import { Tiers } from './tiers'

const NONDETERMINISM = 'nondeterminism'

export function AuditScreen({ path, params }: ScreenProps) {
  const said = texts.audits
  const shown = path[0] === NONDETERMINISM ? NONDETERMINISM : 'tiers'
  return (
    <Screen title={said.title}>
      <Tabs
        label={said.title}
        shown={shown}
        tabs={[
          { id: 'tiers', title: said.tiers, href: address(['audit']) },
          { id: NONDETERMINISM, title: said.nondeterminism, href: address(['audit', NONDETERMINISM]) },
        ]}
      />
      {shown === NONDETERMINISM ? <Nondeterminism params={params} /> : <Tiers params={params} />}
    </Screen>
  )
}
