/** Whose metrics are looked at, from the state in the address to what the API takes. Pure. */
import type { RunWhere, TrendScope } from '../../api/types'

export type Params = Readonly<Record<string, string>>

/** As they stand in addresses. */
export const KINDS = ['pipeline', 'experiment', 'recurring', 'namespace'] as const
export type Kind = (typeof KINDS)[number]

export interface Scope {
  readonly kind: Kind
  /** An id; of a namespace its name. */
  readonly value: string
}

export function scopeOf(params: Params): Scope | null {
  const kind = KINDS.find((one) => params[one])
  return kind ? { kind, value: params[kind] ?? '' } : null
}

/** What of an address says the scope, and nothing else of it. */
export function scopeParams(scope: Scope | null): Readonly<Record<Kind, string | null>> {
  const none = { pipeline: null, experiment: null, recurring: null, namespace: null }
  return scope ? { ...none, [scope.kind]: scope.value } : none
}

export function trendScope({ kind, value }: Scope): TrendScope {
  switch (kind) {
    case 'pipeline':
      return { pipeline: value }
    case 'experiment':
      return { experiment: value }
    case 'recurring':
      return { recurringRun: value }
    case 'namespace':
      return { namespace: value }
  }
}

export function runsWhere({ kind, value }: Scope): RunWhere {
  return { [kind === 'recurring' ? 'recurringRun' : kind]: { eq: value } }
}
