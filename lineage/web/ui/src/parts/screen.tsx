import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { texts } from '../texts'

/** Whether the next title that shows up takes the focus. */
let isToBeHeard = false

/** Have the title of the screen that comes next told to who hears the page. */
export function titleIsHeard(): void {
  isToBeHeard = true
}

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
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    document.title = `${title} · ${texts.frame.product}`
  }, [title])
  useEffect(() => {
    if (isToBeHeard) heading.current?.focus()
    isToBeHeard = false
  }, [])
  return (
    <>
      <header class="screen-head">
        <div class="screen-title">
          {above && <p class="above">{above}</p>}
          <h1 ref={heading} tabIndex={-1} title={title}>
            {title}
          </h1>
        </div>
        {beside && <div class="beside">{beside}</div>}
      </header>
      {children}
    </>
  )
}
