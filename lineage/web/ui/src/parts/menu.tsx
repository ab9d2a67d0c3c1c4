import type { ComponentChildren } from 'preact'
import { useRef } from 'preact/hooks'
import { Icon } from './icons'

/** What opens under its title, and closes with Escape, or as soon as one goes on elsewhere. */
export function Menu({
  title,
  isOpen,
  onToggle,
  children,
}: {
  title: string
  isOpen: boolean
  onToggle: (isOpen: boolean) => void
  children: ComponentChildren
}) {
  const whole = useRef<HTMLDetailsElement>(null)
  const summary = useRef<HTMLElement>(null)
  return (
    <details
      ref={whole}
      class="menu"
      open={isOpen}
      onToggle={(event) => onToggle(event.currentTarget.open)}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return
        onToggle(false)
        summary.current?.focus()
      }}
      onFocusOut={(event) => {
        const next = event.relatedTarget
        if (next instanceof Node && !whole.current?.contains(next)) onToggle(false)
      }}
    >
      <summary ref={summary}>
        {title}
        <Icon name="down" />
      </summary>
      {isOpen && <div class="sheet">{children}</div>}
    </details>
  )
}
