/** The page: its frame, and the screen that the address names. */
import type { ComponentType } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { address } from './address/address'
import { go, useAddress } from './address/use-address'
import { useLiveness } from './api/live'
import { NAMESPACED, useChosenNamespace } from './dashboard'
import { Icon } from './parts/icons'
import { Screen, titleIsHeard } from './parts/screen'
import { type Head, SCREENS, type ScreenProps } from './screens'
import { texts } from './texts'
import { chooseTheme, chosenTheme, THEMES, type Theme } from './theme'

const THEME_ICONS = { auto: 'system', light: 'sun', dark: 'moon' } as const
const FIRST: Head = 'runs'

export function App() {
  const { path, params } = useAddress()
  const namespace = useChosenNamespace()
  const [head = FIRST, ...rest] = path
  const Shown: ComponentType<ScreenProps> = SCREENS[head as Head] ?? Nowhere
  const main = useRef<HTMLElement>(null)
  const place = path.slice(0, 2).join('/')
  const before = useRef(place)
  // Who opens another screen begins at its top, and hears its title as soon as it is there.
  if (before.current !== place) {
    before.current = place
    titleIsHeard()
  }
  useEffect(() => scrollTo(0, 0), [place])
  return (
    <div class="frame">
      <button type="button" class="skip" onClick={() => main.current?.focus()}>
        {texts.frame.skip}
      </button>
      <header class="top">
        <a class="brand" href={address([FIRST])}>
          <Brand />
          {texts.frame.product}
        </a>
        <Search text={head === 'search' ? (params.text ?? '') : ''} />
        <div class="end">
          <Liveness />
          <ThemeSwitch />
        </div>
      </header>
      <nav class="side" aria-label={texts.frame.navigation}>
        <ul>
          {Object.entries(texts.frame.screens).map(([name, title]) => (
            <li key={name}>
              <a
                href={address([name], NAMESPACED.includes(name) ? { namespace } : {})}
                aria-current={name === head ? 'page' : undefined}
              >
                {title}
              </a>
            </li>
          ))}
        </ul>
      </nav>
      <main id="main" ref={main} tabIndex={-1}>
        <Shown key={place} path={rest} params={params} />
      </main>
    </div>
  )
}

function Brand() {
  return (
    <svg viewBox="0 0 16 16" width="20" height="20" class="brand-mark" aria-hidden="true">
      <path d="M4 4 12 8 4 12" />
      <circle cx="4" cy="4" r="3" />
      <circle cx="12" cy="8" r="3" />
      <circle cx="4" cy="12" r="3" />
    </svg>
  )
}

function Search({ text }: { text: string }) {
  const field = useRef<HTMLInputElement>(null)
  return (
    <search>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          const asked = field.current?.value.trim()
          if (asked) go(['search'], { text: asked })
        }}
      >
        <Icon name="search" />
        <input
          ref={field}
          key={text}
          type="search"
          defaultValue={text}
          aria-label={texts.frame.search}
          placeholder={texts.frame.searchHint}
        />
      </form>
    </search>
  )
}

function Liveness() {
  const liveness = useLiveness()
  return (
    <span class={`liveness liveness-${liveness}`} role="status">
      {texts.frame.liveness[liveness]}
    </span>
  )
}

function ThemeSwitch() {
  const [theme, setTheme] = useState<Theme>(chosenTheme)
  const next = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? 'auto'
  return (
    <button
      type="button"
      class="plain"
      aria-label={texts.frame.theme[theme]}
      title={texts.frame.theme[theme]}
      onClick={() => {
        chooseTheme(next)
        setTheme(next)
      }}
    >
      <Icon name={THEME_ICONS[theme]} />
    </button>
  )
}

function Nowhere() {
  return (
    <Screen title={texts.frame.nowhere}>
      <p>{texts.frame.nowhereWhy}</p>
      <p>
        <a href={address([FIRST])}>{texts.frame.toRuns}</a>
      </p>
    </Screen>
  )
}
