/** What stands between a run and its next tier. Pure. */
import type { Answer } from '../../api/queries'
import type { Tier, Verdict } from '../../api/types'

type Node = Extract<Answer<'page-audits'>['nodes'][number], { __typename: 'Run' }>
export type Audit = NonNullable<Node['audit']>
export type Check = Audit['checks'][number]

/** The lowest first. */
export const TIERS: readonly Tier[] = ['NONE', 'TRACEABLE', 'RE_EXECUTABLE', 'VERIFIED']

/** What is waived is let be, and earns no tier. */
const BLOCKING: readonly Verdict[] = ['FAIL', 'UNKNOWN', 'WAIVED']

/** The tier above, and the checks that block it, what failed ahead of what is not known; null at the top. */
export function nextOf(audit: Audit): { tier: Tier; blockers: readonly Check[] } | null {
  const tier = TIERS[TIERS.indexOf(audit.tier) + 1]
  if (!tier) return null
  const blockers = audit.checks.filter((check) => check.blocks === tier && BLOCKING.includes(check.verdict))
  return { tier, blockers: [...blockers.filter(failed), ...blockers.filter((check) => !failed(check))] }
}

/** How many have earned which tier, the highest first; those that none has are left out. */
export function countsOf(audits: Iterable<Audit | null>): readonly (readonly [tier: Tier, count: number])[] {
  const tiers = [...audits].flatMap((audit) => (audit ? [audit.tier] : []))
  return [...TIERS]
    .reverse()
    .map((tier) => [tier, tiers.filter((one) => one === tier).length] as const)
    .filter(([, count]) => count > 0)
}

function failed(check: Check): boolean {
  return check.verdict === 'FAIL'
}
