/** Answers as components need them: kept for who comes back, asked again when what they tell has changed. */
import { type DefaultError, keepPreviousData, QueryClient, QueryObserver } from '@tanstack/query-core'
import { useEffect, useMemo, useState } from 'preact/hooks'
import { ask, Refused } from './client'
import type { Answer, Name, Variables } from './queries'

const FRESH_MILLISECONDS = 5_000 // who goes back and forth within them is not asked for again
const TIMES = 3

export const answers = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: FRESH_MILLISECONDS,
      retry: (failed, error) => failed < TIMES && error instanceof Refused && error.againSeconds !== null,
      retryDelay: (failed, error) => 1_000 * 2 ** failed * ((error instanceof Refused && error.againSeconds) || 1),
    },
  },
})

export type Answered<T> =
  | { readonly state: 'loading' }
  | { readonly state: 'failed'; readonly error: Refused; readonly again: () => void }
  | {
      readonly state: 'answered'
      readonly data: T
      /** It answers an earlier question, and that of now is under way. */
      readonly isOld: boolean
      /** Why it could not be brought up to date, where it could not. */
      readonly trouble: Refused | null
    }

/** Ask, and be told whenever the answer changes. `null` for variables asks nothing, and goes on loading. */
export function useAnswer<N extends Name>(name: N, variables: Variables<N> | null): Answered<Answer<N>> {
  const key = JSON.stringify([name, variables])
  const observer = useMemo(() => new QueryObserver(answers, asking(name, variables)), [name])
  const [result, setResult] = useState(() => observer.getCurrentResult())
  // The key stands for the variables: they are made anew with each drawing, and mostly are the same.
  useEffect(() => {
    observer.setOptions(asking(name, variables))
    setResult(observer.getCurrentResult())
  }, [observer, key])
  useEffect(() => observer.subscribe(setResult), [observer])
  // What is shown belongs to the question of this very drawing, not to that of the one before.
  const now = useMemo(
    () => observer.getOptimisticResult(answers.defaultQueryOptions(asking(name, variables))),
    [observer, key, result],
  )
  if (now.data !== undefined) {
    return { state: 'answered', data: now.data as Answer<N>, isOld: now.isPlaceholderData, trouble: refusal(now.error) }
  }
  if (now.error) return { state: 'failed', error: refusal(now.error) as Refused, again: () => void now.refetch() }
  return { state: 'loading' }
}

function asking<N extends Name>(name: N, variables: Variables<N> | null) {
  return {
    queryKey: [name, variables] as readonly unknown[],
    queryKeyHashFn: JSON.stringify, // whoever asks writes the variables in one order: to sort them takes time
    queryFn: ({ signal }: { signal: AbortSignal }): Promise<object> => ask(name, variables as Variables<N>, signal),
    enabled: variables !== null,
    placeholderData: keepPreviousData,
  }
}

function refusal(error: DefaultError | null): Refused | null {
  return error === null || error instanceof Refused ? error : new Refused(String(error), null)
}
