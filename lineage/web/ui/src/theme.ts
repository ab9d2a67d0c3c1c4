/** Light or dark: as the system is, unless somebody chose. */
const KEY = 'kfp-lineage theme'

export const THEMES = ['auto', 'light', 'dark'] as const
export type Theme = (typeof THEMES)[number]

export function chosenTheme(): Theme {
  const chosen = localStorage.getItem(KEY)
  return THEMES.find((theme) => theme === chosen) ?? 'auto'
}

export function chooseTheme(theme: Theme): void {
  localStorage.setItem(KEY, theme)
  applyTheme()
}

export function applyTheme(): void {
  document.documentElement.dataset.theme = chosenTheme()
}
