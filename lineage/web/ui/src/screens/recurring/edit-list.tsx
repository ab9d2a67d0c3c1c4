/** The edits of a recurring run, the newest first, and what each changed. */
import { Moment } from '../../parts/values'
import { texts } from '../../texts'
import { editsOf, type Recurring } from './edits'

export function Edits({ of }: { of: Recurring['edits'] }) {
  const said = texts.recurring
  const edits = editsOf(of)
  return (
    <section class="card">
      <h2>{said.edits}</h2>
      {edits.length ? (
        <ol class="edits">
          {edits.map((edit) => (
            <li key={edit.since}>
              <p class="quiet">
                <Moment at={edit.since} /> {!edit.told && said.seenThen}
              </p>
              {edit.changes === null && <p>{said.firstSeen}</p>}
              {edit.changes?.length === 0 && <p>{said.nothingChanged}</p>}
              {edit.changes?.map((change) => (
                <p key={change.what}>
                  {change.what}: <Value text={change.before} /> <span aria-hidden="true">→</span>
                  <span class="unseen">{said.becomes}</span> <Value text={change.after} />
                </p>
              ))}
            </li>
          ))}
        </ol>
      ) : (
        <p class="quiet">{said.noEdits}</p>
      )}
    </section>
  )
}

function Value({ text }: { text: string | null }) {
  return text === null ? <span class="quiet">{texts.recurring.unset}</span> : <code class="value">{text}</code>
}
