/** What each edit of a recurring run changed. Pure. */
import type { Answer } from '../../api/queries'
import { texts } from '../../texts'
import { schedulesText } from './schedule'

type Node = NonNullable<Answer<'page-recurring-run'>['node']>
export type Recurring = Extract<Node, { __typename: 'RecurringRun' }>
export type Spec = Recurring['spec']

const DIGEST_LENGTH = 19 // as much of a digest as nobody mistakes for another: `sha256:` and 12 digits

export interface Changed {
  readonly what: string
  readonly before: string | null
  readonly after: string | null
}

export interface Edited {
  readonly since: string
  readonly told: boolean
  /** Null for the first that was seen: what was before it is not known. */
  readonly changes: readonly Changed[] | null
}

/** The edits, the newest first. */
export function editsOf(edits: Recurring['edits']): readonly Edited[] {
  return edits
    .map((edit, place) => {
      const before = edits[place - 1]
      return {
        since: edit.since,
        told: edit.told,
        changes: before ? changesBetween(before.spec, edit.spec) : null,
      }
    })
    .reverse()
}

export function changesBetween(before: Spec, after: Spec): readonly Changed[] {
  const [then, now] = [settingsOf(before), settingsOf(after)]
  return [...new Set([...then.keys(), ...now.keys()])]
    .map((what) => ({ what, before: then.get(what) ?? null, after: now.get(what) ?? null }))
    .filter((change) => change.before !== change.after)
}

/** All that a spec sets, by what it is called. What it does not set is left out. */
export function settingsOf(spec: Spec): ReadonlyMap<string, string> {
  const said = texts.recurring.settings
  const settings: [string, string | number | boolean | null][] = [
    [said.enabled, spec.enabled],
    [said.schedule, spec.schedules.length ? schedulesText(spec.schedules) : null],
    [said.timezone, spec.timezone],
    [said.startsAt, spec.startsAt],
    [said.endsAt, spec.endsAt],
    [said.maxConcurrency, spec.maxConcurrency],
    [said.catchup, spec.catchup],
    [said.concurrencyPolicy, spec.concurrencyPolicy],
    [said.startingDeadline, spec.startingDeadlineSeconds],
    [said.when, spec.when],
    [said.stopStrategy, spec.stopStrategy],
    [said.pipeline, spec.pipelineName],
    [said.pipelineVersion, spec.pipelineVersionId],
    [said.text, spec.textDigest?.slice(0, DIGEST_LENGTH) ?? null],
    ...spec.parameters.map((one): [string, string] => [said.parameter(one.name), one.value ?? texts.words.redacted]),
  ]
  return new Map(
    settings.flatMap(([what, value]) => {
      if (value === null) return []
      return [[what, typeof value === 'boolean' ? (value ? said.yes : said.no) : String(value)]]
    }),
  )
}
