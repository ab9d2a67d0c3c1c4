/** The beginning of what an artifact holds, as text. */
import { useState } from 'preact/hooks'
import { useAnswer } from '../api/use-answer'
import { texts } from '../texts'
import { SourceText } from './source-text'
import { Empty, Shown } from './states'
import { Copy } from './values'
import { sizeText } from './wording'

const FIRST_BYTES = 64 * 1024
const MOST_BYTES = 1024 * 1024

export function ArtifactText({ artifact, name }: { artifact: string; name: string }) {
  const [first, setFirst] = useState(FIRST_BYTES)
  const answered = useAnswer('artifact-text', { id: artifact, first })
  return (
    <section class="stack" aria-label={name}>
      <Shown of={answered}>
        {({ node }) => {
          const found = node && 'text' in node ? node.text : null
          if (!found || found.text === null) {
            return (
              <Empty title={texts.artifactText.none}>
                <p>{found?.reason}</p>
              </Empty>
            )
          }
          const shown = sizeText(new Blob([found.text]).size)
          return (
            <div class="stack">
              <div class="beside">
                <Copy text={found.text} what={name} />
                {!found.complete && (
                  <span class="quiet">
                    {found.sizeBytes === null
                      ? texts.artifactText.partialUnknown(shown)
                      : texts.artifactText.partial(shown, sizeText(Number(found.sizeBytes)))}
                  </span>
                )}
                {!found.complete && first < MOST_BYTES && (
                  <button type="button" onClick={() => setFirst(MOST_BYTES)}>
                    {texts.artifactText.more}
                  </button>
                )}
              </div>
              <SourceText text={found.text} />
            </div>
          )
        }}
      </Shown>
    </section>
  )
}
