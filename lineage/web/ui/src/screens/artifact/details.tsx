/** What is known of an artifact itself. */
import { Facts } from '../../parts/facts'
import { Identifier, Moment, Size } from '../../parts/values'
import { texts } from '../../texts'
import type { TabProps } from '.'
import { Made } from './uses'

const words = texts.artifact
const { facts } = words
const WHOLE = 400 // letters of a uri
const SHORT = 26

export function Details({ artifact }: TabProps) {
  const metadata = artifact.metadata === null ? '' : JSON.stringify(artifact.metadata, null, 2)
  return (
    <div class="stack">
      <section class="card stack">
        {artifact.uri === null ? (
          <p class="quiet">{words.inWorkflow}</p>
        ) : (
          <Identifier text={artifact.uri} what={facts.uri} most={WHOLE} />
        )}
        <Facts
          of={[
            artifact.type !== null && [facts.type, artifact.type],
            artifact.sizeBytes !== null && [facts.size, <Size key="size" bytes={artifact.sizeBytes} />],
            [facts.written, <Moment key="written" at={artifact.createdAt} />],
            artifact.digest !== null && [
              facts.digest,
              <Identifier key="digest" text={artifact.digest} what={facts.digest} most={SHORT} />,
            ],
            artifact.contentDigest !== null && [
              facts.contentDigest,
              <Identifier key="content" text={artifact.contentDigest} what={facts.contentDigest} most={SHORT} />,
            ],
            [facts.id, <Identifier key="id" text={artifact.id} what={facts.id} most={SHORT} />],
          ]}
        />
      </section>
      <section class="card">
        <h2>{words.writer}</h2>
        <Made by={artifact.producer} />
      </section>
      <section class="card">
        <h2>{words.metadata}</h2>
        {metadata === '' || metadata === '{}' ? <p class="quiet">{words.noMetadata}</p> : <pre>{metadata}</pre>}
      </section>
    </div>
  )
}
