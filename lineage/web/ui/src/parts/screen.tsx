import type { ComponentChildren } from 'preact'
import { useEffect } from 'preact/hooks'
import { texts } from '../texts'

/** A screen: its title, which is that of the window as well, what can be done there, and what it shows. */
export function Screen({
  title,
  above,
  beside,
  children,
}: {
  title: string
  /** Where it belongs: what leads to it. */
  above?: ComponentChildren
  beside?: ComponentChildren
  children: ComponentChildren
}) {
  useEffect(() => {
    document.title = `${title} · ${texts.frame.product}`
  }, [title])
  return (
    <>
      <header class="screen-head">
        <div class="screen-title">
          {above && <p class="above">{above}</p>}
          <h1 tabIndex={-1}>{title}</h1>
        </div>
        {beside && <div class="beside">{beside}</div>}
      </header>
      {children}
    </>
  )
}
