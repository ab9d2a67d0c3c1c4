/** What an artifact begins with, where it is text: read from its object store as somebody looks. */
import { change } from '../address/use-address'
import { useAnswer } from '../api/use-answer'
import { texts } from '../texts'
import { Empty, Shown } from './states'
import { Copy } from './values'
import { sizeText } from './wording'

const words = texts.artifact.text
const FIRST_BYTES = 65_536
const MOST_BYTES = 1_048_576 // the API tells no more
const MORE = 'more'

interface ArtifactTextProps {
  readonly artifact: { readonly id: string; readonly name: string }
  /** Of the address: `length`, where one wants to read on. */
  readonly params: Readonly<Record<string, string>>
}

export function ArtifactText({ artifact, params }: ArtifactTextProps) {
  const isMore = params.length === MORE
  const answered = useAnswer('artifact-text', { id: artifact.id, first: isMore ? MOST_BYTES : FIRST_BYTES })
  return (
    <Shown of={answered}>
      {({ node }) => {
        const content = node?.__typename === 'Artifact' ? node.text : null
        if (!content || content.text === null) {
          return (
            <Empty title={words.none}>
              <p>{content?.reason}</p>
            </Empty>
          )
        }
        const size = content.sizeBytes === null ? null : sizeText(Number(content.sizeBytes))
        return (
          <div class="stack">
            <p class="row">
              <span class="quiet">{content.complete ? words.all(size) : words.beginning(size)}</span>
              {!content.complete && !isMore && (
                <button type="button" onClick={() => change({ length: MORE }, { replace: true })}>
                  {words.more}
                </button>
              )}
              <Copy text={content.text} what={words.copy} />
            </p>
            {content.text === '' ? (
              <p class="quiet">{words.empty}</p>
            ) : (
              // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard (WCAG 2.1.1)
              <section class="content" aria-label={words.caption(artifact.name)} tabIndex={0}>
                <pre>{content.text}</pre>
              </section>
            )}
          </div>
        )
      }}
    </Shown>
  )
}
