/** The artifacts of all runs, and what came from outside of them. */
import { address } from '../../address/address'
import { useUpdates } from '../../api/live'
import type { Answer } from '../../api/queries'
import { useAnswer } from '../../api/use-answer'
import { ChoiceFilter, Filters, isFiltered, TextFilter } from '../../parts/filters'
import { lazily } from '../../parts/lazily'
import { ListPage } from '../../parts/list'
import { Name } from '../../parts/name'
import { pageAsked } from '../../parts/pager'
import { Screen } from '../../parts/screen'
import { orderedBy, type Sorting, sortable, sortingOf } from '../../parts/sorting'
import { ArtifactStateMark } from '../../parts/state-marks'
import { Shown } from '../../parts/states'
import type { Column } from '../../parts/table'
import { Identifier, Moment, Size } from '../../parts/values'
import { texts } from '../../texts'
import type { ScreenProps } from '..'
import { FIELDS, FILTERS, NEWEST_FIRST, whereOf } from './where'

type Artifact = Answer<'page-artifacts'>['artifacts']['nodes'][number]

const PAGE = 50
const URI_LENGTH = 56

const ArtifactScreen = lazily(() => import('../artifact').then((it) => it.ArtifactScreen))

/** One of them where the address names one, else the list. */
export function ArtifactScreens(props: ScreenProps) {
  return props.path[0] ? <ArtifactScreen {...props} /> : <ArtifactsScreen {...props} />
}

function ArtifactsScreen({ params }: ScreenProps) {
  useUpdates(['page-artifacts', 'page-artifact-count'])
  const said = texts.artifacts
  const sorting = sortingOf(params.sort, NEWEST_FIRST)
  const where = whereOf(params)
  const listed = useAnswer('page-artifacts', {
    where,
    orderBy: orderedBy(sorting, FIELDS, 'CREATED_AT'),
    ...pageAsked(params, PAGE),
  })
  const counted = useAnswer('page-artifact-count', { where })
  return (
    <Screen
      title={said.title}
      beside={
        counted.state === 'answered' && <span class="quiet">{said.count(counted.data.artifacts.totalCount)}</span>
      }
    >
      <Filters names={FILTERS} params={params}>
        <TextFilter name="text" label={said.name} params={params} />
        <TextFilter name="type" label={said.type} hint={said.typeHint} params={params} />
        <TextFilter name="uri" label={said.uri} params={params} />
        <TextFilter name="digest" label={said.digest} hint={said.digestHint} params={params} />
        <ChoiceFilter
          name="state"
          label={said.state}
          any={said.anyState}
          params={params}
          options={Object.entries(texts.words.artifactStates)}
        />
        <ChoiceFilter
          name="origin"
          label={said.origin}
          any={said.anyOrigin}
          params={params}
          options={Object.entries(said.origins)}
        />
      </Filters>
      <Shown of={listed}>
        {({ artifacts }) => (
          <ListPage
            caption={said.title}
            page={artifacts}
            columns={columnsOf(sorting)}
            keyOf={(one) => one.id}
            areFiltered={isFiltered(FILTERS, params)}
            empty={{ title: said.empty, why: said.emptyWhy }}
          />
        )}
      </Shown>
    </Screen>
  )
}

function columnsOf(sorting: Sorting): readonly Column<Artifact>[] {
  const said = texts.artifacts.column
  return [
    {
      id: 'name',
      title: said.name,
      cell: (one) => (
        <>
          <Name text={one.name} href={address(['artifacts', one.id])} />
          {one.uri && (
            <div class="beneath">
              <Identifier text={one.uri} what={texts.artifacts.uri} most={URI_LENGTH} />
            </div>
          )}
        </>
      ),
      ...sortable(sorting, 'name'),
    },
    { id: 'type', title: said.type, cell: (one) => one.type ?? <span class="quiet">{texts.words.none}</span> },
    { id: 'state', title: said.state, cell: (one) => <ArtifactStateMark state={one.state} /> },
    {
      id: 'size',
      title: said.size,
      cell: (one) => <Size bytes={one.sizeBytes} />,
      isNumber: true,
      ...sortable(sorting, 'size'),
    },
    {
      id: 'created',
      title: said.created,
      cell: (one) => <Moment at={one.createdAt} />,
      ...sortable(sorting, 'created'),
    },
    { id: 'producer', title: said.producer, cell: producer },
    { id: 'run', title: said.run, cell: run },
  ]
}

function producer({ producer }: Artifact) {
  if (!producer) return <span class="quiet">{texts.artifacts.origins.outside}</span>
  return <Name text={producer.displayName} href={address(['runs', producer.run.id, 'graph'], { step: producer.id })} />
}

function run({ producer }: Artifact) {
  if (!producer) return <span class="quiet">{texts.words.none}</span>
  return <Name text={producer.run.displayName} href={address(['runs', producer.run.id])} />
}
