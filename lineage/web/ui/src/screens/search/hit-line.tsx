/** One thing that was found: what it is called, and what makes it known. */
import type { ComponentChildren } from 'preact'
import { address } from '../../address/address'
import { Name } from '../../parts/name'
import { PhaseMark } from '../../parts/phase'
import { ArtifactStateMark, ReadyMark, RecurringMark } from '../../parts/state-marks'
import { Duration, Moment } from '../../parts/values'
import { texts } from '../../texts'
import { type Hit, piecesOf } from './hits'

export function HitLine({ hit, asked }: { hit: Hit; asked: string }) {
  const marked = (text: string) => <Marked text={text} asked={asked} />
  switch (hit.__typename) {
    case 'Run':
      return (
        <Line
          name={marked(hit.displayName)}
          href={address(['runs', hit.id])}
          mark={<PhaseMark phase={hit.phase} />}
          known={[
            <Moment at={hit.createdAt} />,
            hit.durationSeconds !== null && <Duration seconds={hit.durationSeconds} />,
            hit.namespace,
            hit.pipelineVersion && <Name text={hit.pipelineVersion.pipeline.name} />,
            hit.uid && <code>{marked(hit.uid)}</code>,
          ]}
        />
      )
    case 'Execution':
      return (
        <Line
          name={marked(hit.displayName)}
          href={address(['runs', hit.run.id, 'graph'], { step: hit.id })}
          mark={<PhaseMark phase={hit.phase} />}
          known={[
            <Moment at={hit.startedAt} />,
            <Of what={texts.search.ofRun} name={hit.run.displayName} href={address(['runs', hit.run.id])} />,
            hit.run.namespace,
          ]}
        />
      )
    case 'Artifact':
      return (
        <Line
          name={marked(hit.name)}
          href={address(['artifacts', hit.id])}
          mark={<ArtifactStateMark state={hit.state} />}
          known={[
            <Moment at={hit.createdAt} />,
            hit.type,
            hit.producer ? (
              <Of
                what={texts.search.fromRun}
                name={hit.producer.run.displayName}
                href={address(['runs', hit.producer.run.id])}
              />
            ) : (
              texts.search.fromOutside
            ),
            hit.uri && <code>{marked(hit.uri)}</code>,
            hit.digest && <code>{marked(hit.digest)}</code>,
          ]}
        />
      )
    case 'Pipeline':
      return (
        <Line
          name={marked(hit.name)}
          href={address(['runs'], { pipeline: hit.id })}
          known={[hit.anyNamespace, <a href={address(['trends'], { pipeline: hit.id })}>{texts.search.trends}</a>]}
        />
      )
    case 'Experiment':
      return (
        <Line
          name={marked(hit.name)}
          href={address(['runs'], { experiment: hit.id })}
          known={[
            <Moment at={hit.createdAt} />,
            hit.anyNamespace,
            <a href={address(['trends'], { experiment: hit.id })}>{texts.search.trends}</a>,
          ]}
        />
      )
    case 'RecurringRun':
      return (
        <Line
          name={marked(hit.displayName)}
          href={address(['recurring', hit.id])}
          mark={<RecurringMark {...hit} />}
          known={[<code>{hit.schedules.join(', ')}</code>, hit.kind, hit.namespace]}
        />
      )
    case 'Deployment':
      return (
        <Line
          name={marked(hit.name)}
          href={address(['deployments', hit.id])}
          mark={<ReadyMark {...hit} />}
          known={[hit.kind, hit.namespace, hit.url && <code>{marked(hit.url)}</code>]}
        />
      )
  }
}

function Line({
  name,
  href,
  mark,
  known,
}: {
  name: ComponentChildren
  href: string
  mark?: ComponentChildren
  known: readonly ComponentChildren[]
}) {
  return (
    <li class="hit">
      <div class="hit-name">
        <a href={href}>{name}</a>
        {mark}
      </div>
      <ul class="known">
        {known.filter(Boolean).map((one, place) => (
          <li key={place}>{one}</li>
        ))}
      </ul>
    </li>
  )
}

function Of({ what, name, href }: { what: string; name: string; href: string }) {
  return (
    <>
      {what}{' '}
      <a href={href}>
        <bdi>{name}</bdi>
      </a>
    </>
  )
}

function Marked({ text, asked }: { text: string; asked: string }) {
  return (
    <bdi class="name" title={text}>
      {piecesOf(text, asked).map((piece, place) =>
        piece.isAsked ? <mark key={place}>{piece.text}</mark> : piece.text,
      )}
    </bdi>
  )
}
