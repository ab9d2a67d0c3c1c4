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
  return useObserved([name, variables], (signal) => ask(name, variables as Variables<N>, signal), variables !== null)
}

/**
 * Ask for all pages of what is listed, one after another, as long as `next` says what is to be asked after an answer: the
 * variables that change.
 */
export function useEvery<N extends Name>(
  name: N,
  variables: Variables<N>,
  next: (answer: Answer<N>, asked: Variables<N>) => Partial<Variables<N>> | null,
): Answered<readonly Answer<N>[]> {
  return useObserved([name, variables, 'every'], async (signal) => {
    const pages: Answer<N>[] = []
    let asked = variables
    let more: Partial<Variables<N>> | null = {}
    while (more !== null) {
      asked = { ...asked, ...more }
      const page: Answer<N> = await ask(name, asked, signal)
      pages.push(page)
      more = next(page, asked)
    }
    return pages
  })
}

/** Ask the same of several things, and be answered when all are. */
export function useAnswers<N extends Name>(name: N, each: readonly Variables<N>[]): Answered<readonly Answer<N>[]> {
  return useObserved([name, each, 'each'], (signal) =>
    Promise.all(each.map((variables) => ask(name, variables, signal))),
  )
}

/** Ask what will be needed in a moment. */
export function askAhead<N extends Name>(name: N, variables: Variables<N>): void {
  const queryFn = ({ signal }: { signal: AbortSignal }) => ask(name, variables, signal)
  void answers.prefetchQuery({ queryKey: [name, variables], queryKeyHashFn: JSON.stringify, queryFn })
}

function useObserved<T extends object>(
  queryKey: readonly unknown[],
  fetched: (signal: AbortSignal) => Promise<T>,
  enabled = true,
): Answered<T> {
  const key = JSON.stringify(queryKey)
  const asking = {
    queryKey,
    queryKeyHashFn: JSON.stringify, // whoever asks writes the variables in one order: to sort them takes time
    queryFn: ({ signal }: { signal: AbortSignal }): Promise<object> => fetched(signal),
    enabled,
    placeholderData: keepPreviousData,
  }
  const observer = useMemo(() => new QueryObserver(answers, asking), [queryKey[0]])
  const [result, setResult] = useState(() => observer.getCurrentResult())
  // The key stands for the question, which is made anew with each drawing, and mostly is the same.
  useEffect(() => {
    observer.setOptions(asking)
    setResult(observer.getCurrentResult())
  }, [observer, key, enabled])
  useEffect(() => observer.subscribe(setResult), [observer])
  // What is shown belongs to the question of this very drawing, not to that of the one before.
  const now = useMemo(
    () => observer.getOptimisticResult(answers.defaultQueryOptions(asking)),
    [observer, key, enabled, result],
  )
  if (now.data !== undefined) {
    return { state: 'answered', data: now.data as T, isOld: now.isPlaceholderData, trouble: refusal(now.error) }
  }
  if (now.error) return { state: 'failed', error: refusal(now.error) as Refused, again: () => void now.refetch() }
  return { state: 'loading' }
}

function refusal(error: DefaultError | null): Refused | null {
  return error === null || error instanceof Refused ? error : new Refused(String(error), null)
}
