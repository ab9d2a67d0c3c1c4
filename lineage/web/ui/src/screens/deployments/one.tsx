/** A deployment: what it serves now and from where, what it served before, and what is behind it. */
import { address } from '../../address/address'
import { useUpdates } from '../../api/live'
import { useAnswer } from '../../api/use-answer'
import { Facts } from '../../parts/facts'
import { Name } from '../../parts/name'
import { Screen } from '../../parts/screen'
import { ReadyMark } from '../../parts/state-marks'
import { NotFound, Shown } from '../../parts/states'
import { Identifier, Moment } from '../../parts/values'
import { texts } from '../../texts'
import { Behind } from './behind-list'
import { Revisions } from './revisions'
import type { Deployment } from './served'
import { ServedBefore, ServedNow } from './served-list'

export function DeploymentScreen({ id }: { id: string }) {
  useUpdates(['page-deployment', 'page-behind'])
  const answered = useAnswer('page-deployment', { id })
  const node = answered.state === 'answered' ? answered.data.node : null
  const deployment = node?.__typename === 'Deployment' ? node : null
  return (
    <Screen
      title={deployment?.name ?? texts.deployments.one}
      above={<a href={address(['deployments'])}>{texts.deployments.title}</a>}
      beside={deployment && <ReadyMark {...deployment} />}
    >
      <Shown of={answered}>
        {() =>
          deployment ? (
            <div class="stack">
              <Head of={deployment} />
              <ServedNow of={deployment} />
              <Revisions of={deployment.revisions} />
              <ServedBefore of={deployment} />
              <Behind id={id} />
            </div>
          ) : (
            <NotFound />
          )
        }
      </Shown>
    </Screen>
  )
}

function Head({ of }: { of: Deployment }) {
  const said = texts.deployments
  return (
    <section class="card">
      <Facts
        of={[
          [said.kind, of.kind],
          [said.namespace, of.namespace],
          [said.cluster, of.cluster],
          of.url !== null && [said.url, <Identifier text={of.url} what={said.url} most={48} />],
          of.parent && [said.parent, <Name text={of.parent.name} href={address(['deployments', of.parent.id])} />],
          [of.ready === false ? said.notReadySince : said.readySince, <Moment at={of.since} />],
          of.message !== null && [said.message, of.message],
          [said.created, <Moment at={of.createdAt} />],
          [said.uid, <Identifier text={of.uid} what={said.uid} />],
        ]}
      />
    </section>
  )
}
