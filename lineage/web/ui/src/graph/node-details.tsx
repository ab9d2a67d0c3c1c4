/** What is known of one node of a provenance graph, beside it: itself, and what ties it to its neighbours. */
import { address } from '../address/address'
import { Facts } from '../parts/facts'
import { ArtifactStateMark } from '../parts/state-marks'
import { Identifier, Moment, Size } from '../parts/values'
import { texts } from '../texts'
import { DetailList } from './details'
import type { Link, Picture } from './picture'
import type { Node } from './provenance'
import { StepDetails } from './step-details'

const words = texts.graph.provenance
const { facts } = texts.artifact

/** Links to the screen of its own. */
export function NodeActions({ node }: { node: Node }) {
  switch (node.__typename) {
    case 'Execution':
      return (
        <a class="button" href={address(['runs', node.run.id, 'graph'], { step: node.id })}>
          {words.openStep}
        </a>
      )
    case 'Artifact':
      return (
        <a class="button" href={address(['artifacts', node.id])}>
          {words.openArtifact}
        </a>
      )
    case 'Deployment':
      return (
        <a class="button" href={address(['deployments', node.id])}>
          {words.openDeployment}
        </a>
      )
    default:
      return null
  }
}

interface NodeDetailsProps {
  readonly node: Node
  readonly picture: Picture
  readonly onOpen: (id: string) => void
}

export function NodeDetails({ node, picture, onOpen }: NodeDetailsProps) {
  const titles = new Map(picture.things.map((thing) => [thing.id, thing.title]))
  const neighbour = (link: Link, id: string) => (
    <li key={id}>
      <button type="button" class="link" onClick={() => onOpen(id)}>
        <bdi>{titles.get(id)}</bdi>
      </button>{' '}
      <span class="quiet">{link.label}</span>
    </li>
  )
  return (
    <div class="stack">
      <NodeFacts node={node} />
      <DetailList title={words.linksIn} of={picture.links.filter((link) => link.target === node.id)}>
        {(link) => neighbour(link, link.source)}
      </DetailList>
      <DetailList title={words.linksOut} of={picture.links.filter((link) => link.source === node.id)}>
        {(link) => neighbour(link, link.target)}
      </DetailList>
    </div>
  )
}

function NodeFacts({ node }: { node: Node }) {
  switch (node.__typename) {
    case 'Execution':
      return (
        <>
          <Facts
            of={[
              [
                texts.artifact.run,
                <a key="run" href={address(['runs', node.run.id])}>
                  {node.run.displayName}
                </a>,
              ],
              [texts.artifact.namespace, node.run.namespace],
            ]}
          />
          <StepDetails id={node.id} />
        </>
      )
    case 'Artifact':
      return (
        <>
          <div>
            <ArtifactStateMark state={node.state} />
          </div>
          <Facts
            of={[
              node.type !== null && [facts.type, node.type],
              [facts.written, <Moment key="written" at={node.createdAt} />],
              node.sizeBytes !== null && [facts.size, <Size key="size" bytes={node.sizeBytes} />],
              node.uri !== null && [facts.uri, <Identifier key="uri" text={node.uri} what={facts.uri} most={44} />],
              node.digest !== null && [
                facts.digest,
                <Identifier key="digest" text={node.digest} what={facts.digest} most={28} />,
              ],
              node.contentDigest !== null && [
                facts.contentDigest,
                <Identifier key="content" text={node.contentDigest} what={facts.contentDigest} most={28} />,
              ],
            ]}
          />
        </>
      )
    case 'Deployment':
      return (
        <Facts
          of={[
            [facts.kind, node.kind],
            [texts.artifact.namespace, node.namespace],
            node.since !== null && [facts.since, <Moment key="since" at={node.since} />],
          ]}
        />
      )
    default:
      return <p class="quiet">{words.hiddenWhy}</p>
  }
}
