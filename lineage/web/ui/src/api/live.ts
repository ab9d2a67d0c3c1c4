/**
 * Follows what changes, over one connection: who was away is told what came meanwhile, by the cursor of the last change.
 */
import { createClient } from 'graphql-ws'
import { useEffect, useState } from 'preact/hooks'
import type { Name } from './queries'
import type { PageChangesSubscription, Phase } from './types'
import { updating } from './updating'
import { answers } from './use-answer'

const WAIT_MILLISECONDS = [500, 1_000, 2_000, 5_000, 10_000]
const KEEP_ALIVE_MILLISECONDS = 20_000
const UNKNOWN_CURSOR = 'UNKNOWN_CURSOR'

export type Liveness = 'connecting' | 'live' | 'lost'
export interface Change {
  id: string
  phase: Phase
}

type Listener = (change: Change | null) => void

/** Whom changes are told; `null` stands for any number of changes that nobody knows. */
const listeners = new Set<Listener>()
const watchers = new Set<(liveness: Liveness) => void>()
let liveness: Liveness = 'connecting'

/** Connect, and stay connected. Called once. */
export function follow(): void {
  let cursor: string | null = null
  let failures = 0
  const address = new URL('graphql', document.baseURI)
  address.protocol = address.protocol.replace('http', 'ws')
  address.search = address.hash = ''

  const connect = () => {
    const client = createClient({
      url: address.href,
      lazy: true,
      retryAttempts: 0, // we come back with another question: what came since
      keepAlive: KEEP_ALIVE_MILLISECONDS,
      jsonMessageReplacer: byName,
      on: {
        connected: (_socket, payload) => {
          failures = 0
          tell('live')
          // Where the server tells, from the first moment on: so nothing is missed that happens before it knows the question.
          if (cursor === null) tellAll(null)
          cursor ??= typeof payload?.cursor === 'string' ? payload.cursor : null
        },
      },
    })
    const again = (reason?: unknown) => {
      client.dispose()
      if (JSON.stringify(reason ?? null).includes(UNKNOWN_CURSOR)) cursor = null
      tell('lost')
      setTimeout(connect, WAIT_MILLISECONDS[Math.min(failures++, WAIT_MILLISECONDS.length - 1)])
    }
    client.subscribe<PageChangesSubscription>(
      { query: 'page-changes', variables: { after: cursor } },
      {
        next: ({ data }) => {
          if (!data) return
          cursor = data.runChanged.cursor
          tellAll(data.runChanged.run)
        },
        error: again,
        complete: () => again(),
      },
    )
  }
  connect()
}

/** A saved query goes by its name, which the library does not know of: it holds it for the text. */
function byName(key: string, value: unknown): unknown {
  if (key !== 'payload' || typeof value !== 'object' || value === null || !('query' in value)) return value
  const { query, ...rest } = value
  return { ...rest, documentId: query }
}

function tellAll(change: Change | null): void {
  for (const listener of listeners) listener(change)
}

function tell(now: Liveness): void {
  liveness = now
  for (const watcher of watchers) watcher(now)
}

export function useLiveness(): Liveness {
  const [now, setNow] = useState(liveness)
  useEffect(() => {
    setNow(liveness)
    watchers.add(setNow)
    return () => void watchers.delete(setNow)
  }, [])
  return now
}

/** Ask again for what these saved queries answered, as runs change: all, or that with the id. */
export function useUpdates(names: readonly Name[], run?: string): void {
  const key = names.join(' ')
  // The key stands for the names, whose array is made anew with each drawing.
  useEffect(() => {
    const { changed, seen, end } = updating(
      () => void answers.invalidateQueries({ predicate: ({ queryKey }) => names.includes(queryKey[0] as Name) }),
      () => document.hidden,
    )
    const listener: Listener = (change) => {
      if (change === null || run === undefined || change.id === run) changed()
    }
    listeners.add(listener)
    document.addEventListener('visibilitychange', seen)
    return () => {
      listeners.delete(listener)
      document.removeEventListener('visibilitychange', seen)
      end()
    }
  }, [key, run])
}
