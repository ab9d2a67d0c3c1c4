/** One artifact: where it came from and what came of it, what is known of it, and what became of it. */
import type { ComponentType } from 'preact'
import { address } from '../../address/address'
import { useUpdates } from '../../api/live'
import type { Answer } from '../../api/queries'
import { useAnswer } from '../../api/use-answer'
import { ProvenanceGraph } from '../../graph/provenance-graph'
import { ArtifactText } from '../../parts/artifact-text'
import { Screen } from '../../parts/screen'
import { ArtifactStateMark } from '../../parts/state-marks'
import { Empty, Shown } from '../../parts/states'
import { Tabs } from '../../parts/tabs'
import { texts } from '../../texts'
import type { ScreenProps } from '..'
import { Details } from './details'
import { History } from './history'
import { Uses } from './uses'

export type Artifact = Extract<NonNullable<Answer<'page-artifact'>['node']>, { __typename: 'Artifact' }>

export interface TabProps {
  readonly artifact: Artifact
  readonly params: Readonly<Record<string, string>>
}

const words = texts.artifact
type Tab = keyof typeof words.tabs

const TABS: Readonly<Record<Tab, ComponentType<TabProps>>> = {
  provenance: ({ artifact, params }) => <ProvenanceGraph roots={[artifact.id]} name={artifact.name} params={params} />,
  details: Details,
  history: History,
  uses: Uses,
  content: ArtifactText,
}

export function ArtifactScreen({ path: [id = '', tab], params }: ScreenProps) {
  useUpdates(['page-artifact', 'page-artifact-readers'])
  const answered = useAnswer('page-artifact', { id })
  return (
    <Shown of={answered}>
      {({ node }) =>
        node?.__typename === 'Artifact' ? (
          <Tabbed
            artifact={node}
            tab={tab !== undefined && tab in TABS ? (tab as Tab) : 'provenance'}
            params={params}
          />
        ) : (
          <Screen title={words.title}>
            <Empty title={words.unknown} />
          </Screen>
        )
      }
    </Shown>
  )
}

function Tabbed({ artifact, tab, params }: TabProps & { tab: Tab }) {
  const Body = TABS[tab]
  return (
    <Screen
      title={artifact.name}
      above={
        <>
          <a href={address(['artifacts'])}>{texts.artifacts.title}</a>
          {artifact.type !== null && ` / ${artifact.type}`}
        </>
      }
      beside={<ArtifactStateMark state={artifact.state} />}
    >
      <Tabs
        label={words.title}
        shown={tab}
        tabs={(Object.keys(TABS) as Tab[]).map((name) => ({
          id: name,
          title: words.tabs[name],
          href: address(['artifacts', artifact.id, name]),
        }))}
      />
      <Body artifact={artifact} params={params} />
    </Screen>
  )
}
