/** The deployments: whether each can be asked, and what it serves now. */
import { address } from '../../address/address'
import { useUpdates } from '../../api/live'
import type { Answer } from '../../api/queries'
import type { DeploymentOrderField, DeploymentWhere } from '../../api/types'
import { useAnswer } from '../../api/use-answer'
import { ChoiceFilter, Filters, isFiltered, TextFilter } from '../../parts/filters'
import { ListPage } from '../../parts/list'
import { Name } from '../../parts/name'
import { pageAsked } from '../../parts/pager'
import { Mark } from '../../parts/phase'
import { Screen } from '../../parts/screen'
import { orderedBy, type Sorting, sortable, sortingOf } from '../../parts/sorting'
import { ReadyMark } from '../../parts/state-marks'
import { Shown } from '../../parts/states'
import type { Column } from '../../parts/table'
import { Moment } from '../../parts/values'
import { texts } from '../../texts'
import type { ScreenProps } from '..'

type Deployment = Answer<'page-deployments'>['deployments']['nodes'][number]

const PAGE = 50
const FILTERS = ['text', 'kind', 'namespace', 'ready', 'there'] as const
const FIELDS: Readonly<Record<string, DeploymentOrderField>> = { name: 'NAME', created: 'CREATED_AT' }

export function DeploymentsScreen({ params }: Pick<ScreenProps, 'params'>) {
  useUpdates(['page-deployments'])
  const said = texts.deployments
  const sorting = sortingOf(params.sort, 'name')
  const listed = useAnswer('page-deployments', {
    where: whereOf(params),
    orderBy: orderedBy(sorting, FIELDS, 'NAME'),
    ...pageAsked(params, PAGE),
  })
  return (
    <Screen
      title={said.title}
      beside={
        listed.state === 'answered' && <span class="quiet">{said.count(listed.data.deployments.totalCount)}</span>
      }
    >
      <Filters names={FILTERS} params={params}>
        <TextFilter name="text" label={said.name} params={params} />
        <TextFilter name="kind" label={said.kind} hint="InferenceService" params={params} />
        <TextFilter name="namespace" label={said.namespace} params={params} />
        <ChoiceFilter
          name="ready"
          label={said.ready}
          any={said.readyOrNot}
          params={params}
          options={Object.entries(said.readiness)}
        />
        <ChoiceFilter
          name="there"
          label={said.there}
          any={said.thereOrNot}
          params={params}
          options={Object.entries(said.presence)}
        />
      </Filters>
      <Shown of={listed}>
        {({ deployments }) => (
          <ListPage
            caption={said.title}
            page={deployments}
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

function columnsOf(sorting: Sorting): readonly Column<Deployment>[] {
  const said = texts.deployments.column
  return [
    {
      id: 'name',
      title: said.name,
      cell: (one) => <Name text={one.name} href={address(['deployments', one.id])} />,
      ...sortable(sorting, 'name'),
    },
    { id: 'ready', title: said.ready, cell: (one) => <ReadyMark {...one} /> },
    { id: 'serves', title: said.serves, cell: (one) => <Serves served={one.served} /> },
    { id: 'kind', title: said.kind, cell: (one) => one.kind },
    { id: 'namespace', title: said.namespace, cell: (one) => one.namespace },
    {
      id: 'created',
      title: said.created,
      cell: (one) => <Moment at={one.createdAt} />,
      ...sortable(sorting, 'created'),
    },
  ]
}

function Serves({ served }: { served: Deployment['served'] }) {
  const now = served.filter((one) => one.servedNow)
  if (!now.length) return <span class="quiet">{texts.words.none}</span>
  return (
    <ul class="serves">
      {now.map((one) => (
        <li key={`${one.revision} ${one.model} ${one.artifact.id}`}>
          <Name text={one.model || one.artifact.name} href={address(['artifacts', one.artifact.id])} />
          {one.artifact.producer && (
            <>
              <span class="quiet">{texts.deployments.from}</span>
              <Name
                text={one.artifact.producer.run.displayName}
                href={address(['runs', one.artifact.producer.run.id])}
              />
            </>
          )}
          {one.changedSince && (
            <Mark tone="doubt" icon="alert">
              {texts.deployments.overwritten}
            </Mark>
          )}
        </li>
      ))}
    </ul>
  )
}

function whereOf(params: ScreenProps['params']): DeploymentWhere {
  return {
    ...(params.text && { name: { contains: params.text } }),
    ...(params.kind && { kind: { contains: params.kind } }),
    ...(params.namespace && { namespace: { eq: params.namespace } }),
    ...(params.ready && { ready: params.ready === 'yes' }),
    ...(params.there && { inCluster: params.there === 'yes' }),
  }
}
