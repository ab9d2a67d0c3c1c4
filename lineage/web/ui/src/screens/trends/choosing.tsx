/** What is looked at: whose runs, which metric, of which step, split by what. Each choice goes into the address. */
import { useId } from 'preact/hooks'
import { address } from '../../address/address'
import { change } from '../../address/use-address'
import type { Answer } from '../../api/queries'
import { type Choices, useChoices } from '../../api/use-choices'
import { Field } from '../../parts/filters'
import { Name } from '../../parts/name'
import { Empty, Shown } from '../../parts/states'
import { texts } from '../../texts'
import { KINDS, type Kind, type Params, type Scope, scopeParams } from './scope'
import { LASTS, lastOf } from './view'

export type Within = Answer<'page-trend-choices'>

/** What every run has without anybody recording it, and every step. */
const OF_RUNS = [
  'duration_seconds',
  'queue_seconds',
  'lateness_seconds',
  'retries',
  'succeeded',
  'cpu_seconds',
  'memory_seconds',
  'output_bytes',
] as const
const OF_STEPS = ['duration_seconds', 'queue_seconds', 'retries', 'cpu_seconds', 'memory_seconds'] as const

/** What another scope has none of. */
const OF_SCOPE = { metric: null, task: null, by: null, split: null, from: null, to: null, point: null }

export function ChoosingForm({ params, scope, within }: { params: Params; scope: Scope; within: Within | null }) {
  const said = texts.trends
  const id = useId()
  const builtIn: readonly string[] = params.task ? OF_STEPS : OF_RUNS
  const recorded = (within?.metricNames ?? []).filter((name) => !builtIn.includes(name))
  const isKnown = !params.metric || recorded.includes(params.metric) || builtIn.includes(params.metric)
  const parameters = namesOf(
    within?.runs.nodes.flatMap((run) => run.parameters.map((one) => one.name)),
    params.by,
  )
  const tasks = namesOf(
    within?.runs.nodes.flatMap((run) =>
      run.executions.nodes.filter((one) => !one.system).map((one) => one.displayName),
    ),
  )
  return (
    <form class="filters" aria-label={said.choose} onSubmit={(event) => event.preventDefault()}>
      <ScopeField scope={scope} within={within} />
      <Field id={`${id}-metric`} label={said.metric}>
        <select
          id={`${id}-metric`}
          value={params.metric ?? ''}
          onChange={(event) => change({ metric: event.currentTarget.value, split: null, point: null })}
        >
          <option value="">{said.allMetrics}</option>
          {!isKnown && <option value={params.metric}>{params.metric}</option>}
          <Group title={said.recorded} values={recorded} />
          <Group title={said.builtIn} values={builtIn} />
        </select>
      </Field>
      <Field id={`${id}-task`} label={said.task}>
        <input
          id={`${id}-task`}
          type="text"
          list={`${id}-tasks`}
          placeholder={said.taskHint}
          value={params.task ?? ''}
          onChange={(event) => change({ task: event.currentTarget.value.trim(), split: null, point: null })}
        />
        <datalist id={`${id}-tasks`}>
          {tasks.map((name) => (
            <option key={name} value={name} />
          ))}
        </datalist>
      </Field>
      {params.metric && (
        <Field id={`${id}-by`} label={said.by}>
          <select
            id={`${id}-by`}
            value={params.by ?? ''}
            onChange={(event) => change({ by: event.currentTarget.value, split: null, point: null })}
          >
            <option value="">{said.notSplit}</option>
            {parameters.map((name) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        </Field>
      )}
      <Field id={`${id}-last`} label={said.last}>
        <select
          id={`${id}-last`}
          value={String(lastOf(params))}
          onChange={(event) => change({ last: event.currentTarget.value })}
        >
          {LASTS.map((count) => (
            <option key={count} value={String(count)}>
              {said.newest(count)}
            </option>
          ))}
        </select>
      </Field>
    </form>
  )
}

function ScopeField({ scope, within }: { scope: Scope; within: Within | null }) {
  const id = useId()
  const asked = useChoices()
  const offered = asked.state === 'answered' ? offeredOf(asked.data) : []
  const now = `${scope.kind}:${scope.value}`
  const isThere = offered.some(
    ({ kind, choices }) => kind === scope.kind && choices.some((one) => one.value === scope.value),
  )
  return (
    <Field id={id} label={texts.trends.scope}>
      <select
        id={id}
        value={now}
        onChange={(event) => {
          const [kind = '', ...rest] = event.currentTarget.value.split(':')
          change({ ...OF_SCOPE, ...scopeParams({ kind: kind as Kind, value: rest.join(':') }) })
        }}
      >
        {!isThere && <option value={now}>{scopeName(scope, within) ?? scope.value}</option>}
        {offered.map(({ kind, choices }) => (
          <optgroup key={kind} label={texts.trends.kinds[kind]}>
            {choices.map((one) => (
              <option key={one.value} value={`${kind}:${one.value}`}>
                {one.namespace ? `${one.name} (${one.namespace})` : one.name}
              </option>
            ))}
          </optgroup>
        ))}
      </select>
    </Field>
  )
}

function Group({ title, values }: { title: string; values: readonly string[] }) {
  if (!values.length) return null
  return (
    <optgroup label={title}>
      {values.map((value) => (
        <option key={value} value={value}>
          {value}
        </option>
      ))}
    </optgroup>
  )
}

/** What a scope is called; null while nobody knows. */
export function scopeName(scope: Scope, within: Within | null): string | null {
  if (scope.kind === 'namespace') return scope.value
  const [node] = within?.nodes ?? []
  return node && 'name' in node ? node.name : null
}

/** Where no scope is chosen: all that can be. */
export function ScopeList() {
  const said = texts.trends
  const asked = useChoices()
  return (
    <Shown of={asked}>
      {(data) => {
        const offered = offeredOf(data)
        if (!offered.length) return <Empty title={said.nothingToChoose} />
        return (
          <div class="stack">
            <p>{said.chooseWhy}</p>
            <div class="columns">
              {offered.map(({ kind, choices }) => (
                <section key={kind} class="card">
                  <h2>{said.kinds[kind]}</h2>
                  <ul class="scope-list">
                    {choices.map((one) => (
                      <li key={one.value}>
                        <Name text={one.name} href={address(['trends'], { [kind]: one.value })} />
                        {one.namespace && <span class="quiet">{one.namespace}</span>}
                      </li>
                    ))}
                  </ul>
                </section>
              ))}
            </div>
          </div>
        )
      }}
    </Shown>
  )
}

interface Choice {
  readonly value: string
  readonly name: string
  readonly namespace: string | null
}

function offeredOf(data: Choices): readonly { kind: Kind; choices: readonly Choice[] }[] {
  const all = [...data.pipelines.nodes, ...data.experiments.nodes, ...data.recurringRuns.nodes]
  const choices: Readonly<Record<Kind, readonly Choice[]>> = {
    pipeline: data.pipelines.nodes.map(choiceOf),
    experiment: data.experiments.nodes.map(choiceOf),
    recurring: data.recurringRuns.nodes.map((one) => choiceOf({ ...one, name: one.displayName })),
    namespace: namesOf(all.flatMap((one) => (one.namespace ? [one.namespace] : []))).map((name) => ({
      value: name,
      name,
      namespace: null,
    })),
  }
  return KINDS.map((kind) => ({ kind, choices: choices[kind] })).filter((one) => one.choices.length)
}

function choiceOf({ id, name, namespace }: { id: string; name: string; namespace: string | null }): Choice {
  return { value: id, name, namespace }
}

/** Names, each once; that which is chosen is there in any case. */
function namesOf(names: readonly string[] = [], chosen?: string): readonly string[] {
  return [...new Set([...names, ...(chosen ? [chosen] : [])])].sort()
}
