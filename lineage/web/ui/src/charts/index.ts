/** Charts: fetched where one is shown, since nothing else needs what draws them. */
import { lazily } from '../parts/lazily'
import type { SeriesChartProps } from './series-chart'

export const SeriesChart = lazily<SeriesChartProps>(() => import('./series-chart').then((it) => it.SeriesChart))
