/** The colours of the tokens as a canvas takes them, of the theme that is shown. */
import { useEffect, useState } from 'preact/hooks'

export type Token =
  | 'ground'
  | 'border'
  | 'border-strong'
  | 'ink'
  | 'ink-quiet'
  | 'accent'
  | 'good'
  | 'bad'
  | 'doubt'
  | 'quiet-ground'
  | 'ground-marked'
  | `series-${1 | 2 | 3 | 4 | 5 | 6}`

export type Colours = (token: Token) => string

export const SERIES_TOKENS = ['series-1', 'series-2', 'series-3', 'series-4', 'series-5', 'series-6'] as const

/** Ask an element of the page: a token may be of either theme, and only the browser knows which holds. */
export function coloursOf(host: HTMLElement): Colours {
  const probe = document.createElement('span')
  probe.hidden = true
  host.append(probe)
  const known = new Map<Token, string>()
  return (token) => {
    const found = known.get(token)
    if (found) return found
    probe.style.color = `var(--${token})`
    const colour = getComputedStyle(probe).color
    known.set(token, colour)
    return colour
  }
}

/** Another number whenever the colours may have changed. */
export function useTheme(): number {
  const [turn, setTurn] = useState(0)
  useEffect(() => {
    const changed = () => setTurn((now) => now + 1)
    const system = matchMedia('(prefers-color-scheme: dark)')
    system.addEventListener('change', changed)
    const chosen = new MutationObserver(changed)
    chosen.observe(document.documentElement, { attributeFilter: ['data-theme'] })
    return () => {
      system.removeEventListener('change', changed)
      chosen.disconnect()
    }
  }, [])
  return turn
}
