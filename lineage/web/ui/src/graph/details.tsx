/** What stands beside a graph: one thing of it, in detail. */
import type { ComponentChildren } from 'preact'
import { Icon, type IconName } from '../parts/icons'
import { texts } from '../texts'

interface DetailsProps {
  readonly kind: string
  readonly icon: IconName
  readonly title: string
  /** What can be done with it. */
  readonly actions?: ComponentChildren
  readonly onClose: () => void
  readonly children: ComponentChildren
}

export function Details({ kind, icon, title, actions, onClose, children }: DetailsProps) {
  return (
    <aside class="graph-details" aria-label={texts.graph.details(title)}>
      <header>
        <div class="graph-details-head">
          <p class="row quiet">
            <Icon name={icon} />
            {kind}
          </p>
          <button
            type="button"
            class="plain"
            aria-label={texts.graph.close}
            title={texts.graph.close}
            onClick={onClose}
          >
            <Icon name="cross" />
          </button>
        </div>
        <h2>
          <bdi>{title}</bdi>
        </h2>
        {actions && <div class="row">{actions}</div>}
      </header>
      {children}
    </aside>
  )
}

/** A list under its name; nothing where it would be empty. */
export function DetailList<T>({
  title,
  of,
  children,
}: {
  title: string
  of: readonly T[]
  children: (one: T) => ComponentChildren
}) {
  if (!of.length) return null
  return (
    <section>
      <h3>{title}</h3>
      <ul class="detail-list">{of.map(children)}</ul>
    </section>
  )
}
