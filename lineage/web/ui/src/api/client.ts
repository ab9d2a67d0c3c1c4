/** Asks the server. A question is a saved query by its name, so it is answered where only trusted texts are, too. */
import type { Answer, Name, Variables } from './queries'

export const NOT_FOUND = 'NOT_FOUND'
const SOON_SECONDS = 1

interface Told {
  message: string
  extensions?: { code?: string; requestId?: string }
}

/** The server did not answer, or not with what was asked for. `code` is that of the API, where it gave one. */
export class Refused extends Error {
  constructor(
    message: string,
    readonly code: string | null,
    readonly requestId: string | null = null,
    /** After how long it may be asked again; null where the same question would be refused again. */
    readonly againSeconds: number | null = null,
  ) {
    super(message)
  }
}

/**
 * Ask one question.
 *
 * @throws Refused
 */
export async function ask<N extends Name>(name: N, variables: Variables<N>, signal?: AbortSignal): Promise<Answer<N>> {
  const response = await fetch('graphql', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Accept: 'application/graphql-response+json' },
    body: JSON.stringify({ documentId: name, variables }),
    signal: signal ?? null,
  }).catch((error: unknown) => {
    if (signal?.aborted) throw error
    throw new Refused('', 'UNREACHABLE', null, SOON_SECONDS)
  })
  const answered = await response.json().catch(() => ({}))
  const [error]: Told[] = answered.errors ?? []
  if (!error && response.ok && answered.data) return answered.data
  const again =
    response.status === 429 || response.status >= 502
      ? Number(response.headers.get('Retry-After') || SOON_SECONDS)
      : null
  throw new Refused(
    error?.message ?? response.statusText,
    error?.extensions?.code ?? String(response.status),
    error?.extensions?.requestId ?? null,
    again,
  )
}
