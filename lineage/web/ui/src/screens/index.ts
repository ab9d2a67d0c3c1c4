/** Which screens there are, by the first part of their address. All but the first are fetched when they are opened. */
import type { ComponentType } from 'preact'
import { lazily } from '../parts/lazily'
import type { texts } from '../texts'
import { RunsScreen } from './runs'

export interface ScreenProps {
  /** What follows the head of the address, such as an id and a tab. */
  readonly path: readonly string[]
  readonly params: Readonly<Record<string, string>>
}

export type Head = keyof typeof texts.frame.screens | 'search'

export const SCREENS: Readonly<Partial<Record<Head, ComponentType<ScreenProps>>>> = {
  runs: RunsScreen,
  compare: lazily(() => import('./compare').then((it) => it.CompareScreen)),
  ask: lazily(() => import('./ask').then((it) => it.AskScreen)),
  alerts: lazily(() => import('./alerts').then((it) => it.AlertsScreen)),
  artifacts: lazily(() => import('./artifacts').then((it) => it.ArtifactScreens)),
  audit: lazily(() => import('./audit').then((it) => it.AuditScreen)),
  deployments: lazily(() => import('./deployments').then((it) => it.DeploymentScreens)),
  experiments: lazily(() => import('./experiments').then((it) => it.ExperimentsScreen)),
  recurring: lazily(() => import('./recurring').then((it) => it.RecurringScreen)),
  search: lazily(() => import('./search').then((it) => it.SearchScreen)),
  sources: lazily(() => import('./sources').then((it) => it.SourcesScreen)),
  trends: lazily(() => import('./trends').then((it) => it.TrendsScreen)),
}
