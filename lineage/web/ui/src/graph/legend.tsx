/** Says which kinds of things a picture shows, and what its dashed links rest on. */
import { Icon } from '../parts/icons'
import { texts } from '../texts'
import { ICONS } from './kinds'
import type { Kind, Picture } from './picture'

export function Legend({ of }: { of: Picture }) {
  const kinds = new Set(of.things.map((thing) => thing.kind))
  return (
    <ul class="graph-legend" aria-label={texts.graph.legend}>
      {(Object.keys(ICONS) as Kind[])
        .filter((kind) => kinds.has(kind))
        .map((kind) => (
          <li key={kind}>
            <Icon name={ICONS[kind]} />
            {texts.graph.kinds[kind]}
          </li>
        ))}
      {of.links.some((link) => link.isInferred) && (
        <li>
          <svg class="picture" viewBox="0 0 28 16" width="28" height="16" aria-hidden="true">
            <path class="line inferred" d="M0 8h28" />
          </svg>
          {texts.graph.inferred}
        </li>
      )}
    </ul>
  )
}
