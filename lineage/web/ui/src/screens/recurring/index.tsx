/** The recurring runs, or the one of an id. */
import type { ScreenProps } from '..'
import { RecurringRunsScreen } from './list'
import { RecurringRunScreen } from './one'

export function RecurringScreen({ path, params }: ScreenProps) {
  const [id] = path
  return id ? <RecurringRunScreen id={id} params={params} /> : <RecurringRunsScreen params={params} />
}
