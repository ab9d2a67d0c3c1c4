/** What a deployment serves now, told at length; and what it served before, as a table. */
import type { ComponentChildren } from 'preact'
import { address } from '../../address/address'
import { Facts } from '../../parts/facts'
import { Icon } from '../../parts/icons'
import { Name } from '../../parts/name'
import { Mark, PhaseMark } from '../../parts/phase'
import { ArtifactStateMark } from '../../parts/state-marks'
import { type Column, Table } from '../../parts/table'
import { Identifier, Moment } from '../../parts/values'
import { texts } from '../../texts'
import { type Deployment, restsOn, type Served, standing } from './served'

const URI_LENGTH = 60
const DIGEST_LENGTH = 28

export function ServedNow({ of }: { of: Deployment }) {
  const said = texts.deployments
  const now = of.served.filter((one) => one.servedNow)
  return (
    <section class="stack">
      <h2>{said.servedNow}</h2>
      {now.length ? (
        now.map((one) => <Card key={keyOf(one)} of={one} />)
      ) : (
        <p class="quiet">{of.inCluster ? said.servesNothing : said.servesNoMore}</p>
      )}
    </section>
  )
}

function Card({ of }: { of: Served }) {
  const said = texts.deployments
  const { artifact } = of
  const { tone, icon, says } = standing(of)
  return (
    <article class="card stack">
      <div class="section-head">
        <h3>
          <Name text={of.model || artifact.name} href={address(['artifacts', artifact.id])} />
        </h3>
        <a class="button" href={address(['artifacts', artifact.id, 'provenance'])}>
          {said.provenance}
        </a>
      </div>
      <Facts
        of={[
          [said.revision, of.revision],
          artifact.uri !== null && [said.uri, <Identifier text={artifact.uri} what={said.uri} most={URI_LENGTH} />],
          [said.written, <Moment at={artifact.createdAt} />],
          [said.byRun, <Writer of={artifact} />],
          [said.state, <ArtifactStateMark state={artifact.state} />],
          artifact.type !== null && [said.type, artifact.type],
          artifact.digest !== null && [
            said.digest,
            <Identifier text={artifact.digest} what={said.digest} most={DIGEST_LENGTH} />,
          ],
          restsOn(of) !== null && [said.restsOn, restsOn(of)],
        ]}
      />
      <p class={`remark tone-${tone}`}>
        <Icon name={icon} />
        <span>
          {says}
          {of.replacedBy && (
            <>
              {' '}
              {said.replacedBy} <a href={address(['artifacts', of.replacedBy.id])}>{said.theWrite}</a>{' '}
              <Moment at={of.replacedBy.createdAt} />
              {of.replacedBy.producer && (
                <>
                  {' '}
                  {said.by} <RunLink of={of.replacedBy.producer.run} />
                </>
              )}
            </>
          )}
        </span>
      </p>
    </article>
  )
}

export function ServedBefore({ of }: { of: Deployment }) {
  const before = of.served.filter((one) => !one.servedNow)
  if (!before.length) return null
  return (
    <section>
      <h2 class="before-table">{texts.deployments.servedBefore}</h2>
      <Table caption={texts.deployments.servedBefore} columns={COLUMNS} rows={before} keyOf={keyOf} />
    </section>
  )
}

const COLUMNS: readonly Column<Served>[] = [
  { id: 'revision', title: texts.deployments.revision, cell: (one) => <Name text={one.revision} /> },
  {
    id: 'artifact',
    title: texts.deployments.artifact,
    cell: (one) => <Name text={one.model || one.artifact.name} href={address(['artifacts', one.artifact.id])} />,
  },
  { id: 'written', title: texts.deployments.written, cell: (one) => <Moment at={one.artifact.createdAt} /> },
  { id: 'run', title: texts.deployments.byRun, cell: (one) => <Writer of={one.artifact} /> },
  {
    id: 'state',
    title: texts.deployments.state,
    cell: (one) => <ArtifactStateMark state={one.artifact.state} />,
  },
  {
    id: 'changed',
    title: texts.deployments.since,
    cell: (one) =>
      one.changedSince ? (
        <Mark tone="doubt" icon="alert">
          {texts.deployments.overwritten}
        </Mark>
      ) : (
        <span class="quiet">{texts.words.none}</span>
      ),
  },
]

function Writer({ of }: { of: Served['artifact'] }): ComponentChildren {
  if (!of.producer) return <span class="quiet">{texts.deployments.nobody}</span>
  return (
    <span class="with-mark">
      <RunLink of={of.producer.run} /> <PhaseMark phase={of.producer.run.phase} />
    </span>
  )
}

function RunLink({ of }: { of: { id: string; displayName: string } }) {
  return (
    <a href={address(['runs', of.id])}>
      <bdi>{of.displayName}</bdi>
    </a>
  )
}

function keyOf(one: Served): string {
  return `${one.revision} ${one.model} ${one.artifact.id}`
}
