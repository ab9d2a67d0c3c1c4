/** The form of the filters: each change goes into the address, and the list follows the address. */
import type { ComponentChildren } from 'preact'
import { useId, useState } from 'preact/hooks'
import { change } from '../../address/use-address'
import { useAnswer } from '../../api/use-answer'
import { TONES } from '../../parts/phase'
import { texts } from '../../texts'
import { compared, comparedMetric, FILTERS, type Params } from './filters'

const ALWAYS_SHOWN = ['text', 'phase', 'pipeline'] as const

export function FilterForm({ params }: { params: Params }) {
  const said = texts.runs
  const hidden = FILTERS.filter((name) => !ALWAYS_SHOWN.some((shown) => shown === name))
  const [isOpen, setOpen] = useState(() => hidden.some((name) => params[name]))
  const choices = useAnswer('page-choices', {})
  const known = choices.state === 'answered' ? choices.data : null
  return (
    <form class="filters" aria-label={said.filters} onSubmit={(event) => event.preventDefault()}>
      <Text name="text" label={said.text} params={params} />
      <Choice
        name="phase"
        label={said.phase}
        any={said.anyPhase}
        params={params}
        options={Object.keys(TONES).map((phase) => [phase, texts.words.phases[phase as keyof typeof TONES]])}
      />
      <Choice
        name="pipeline"
        label={said.pipeline}
        any={said.anyPipeline}
        params={params}
        options={(known?.pipelines.nodes ?? []).map((one) => [one.id, named(one.name, one.namespace)])}
      />
      {isOpen && (
        <>
          <Choice
            name="experiment"
            label={said.experiment}
            any={said.anyExperiment}
            params={params}
            options={(known?.experiments.nodes ?? []).map((one) => [one.id, named(one.name, one.namespace)])}
          />
          <Choice
            name="recurring"
            label={said.recurring}
            any={said.anyRecurring}
            params={params}
            options={(known?.recurringRuns.nodes ?? []).map((one) => [one.id, named(one.displayName, one.namespace)])}
          />
          <Text name="namespace" label={said.namespace} params={params} />
          <Text name="since" label={said.since} params={params} type="datetime-local" />
          <Text name="until" label={said.until} params={params} type="datetime-local" />
          <Text
            name="parameter"
            label={said.parameter}
            hint={said.parameterHint}
            params={params}
            wrong={params.parameter && !compared(params.parameter) ? said.parameterWrong : null}
          />
          <Text
            name="metric"
            label={said.metric}
            hint={said.metricHint}
            params={params}
            wrong={params.metric && !comparedMetric(params.metric) ? said.metricWrong : null}
          />
        </>
      )}
      {!isOpen && (
        <button type="button" onClick={() => setOpen(true)}>
          {said.more}
        </button>
      )}
      {FILTERS.some((name) => params[name]) && (
        <button
          type="button"
          onClick={() =>
            change({ ...Object.fromEntries(FILTERS.map((name) => [name, null])), after: null, before: null })
          }
        >
          {said.clear}
        </button>
      )}
    </form>
  )
}

function filter(name: string, value: string): void {
  change({ [name]: value, after: null, before: null })
}

function named(name: string, namespace: string | null): string {
  return namespace ? `${name} (${namespace})` : name
}

interface FieldProps {
  readonly name: (typeof FILTERS)[number]
  readonly label: string
  readonly params: Params
}

function Text({
  name,
  label,
  params,
  hint,
  wrong,
  type = 'text',
}: FieldProps & { hint?: string; wrong?: string | null; type?: 'text' | 'datetime-local' }) {
  const id = useId()
  return (
    <Field id={id} label={label}>
      <input
        id={id}
        type={type as 'text'} // the types of Preact want one field a type
        placeholder={hint}
        value={params[name] ?? ''}
        aria-invalid={wrong ? true : undefined}
        aria-describedby={wrong ? `${id}-wrong` : undefined}
        onChange={(event) => filter(name, event.currentTarget.value.trim())}
      />
      {wrong && (
        <span id={`${id}-wrong`} class="wrong">
          {wrong}
        </span>
      )}
    </Field>
  )
}

function Choice({
  name,
  label,
  params,
  any,
  options,
}: FieldProps & { any: string; options: readonly (readonly [value: string, title: string])[] }) {
  const id = useId()
  const chosen = params[name]
  // What is in the address is shown, also where it is none of what there is to choose from, or not yet.
  const isThere = !chosen || options.some(([value]) => value === chosen)
  return (
    <Field id={id} label={label}>
      <select id={id} value={chosen ?? ''} onChange={(event) => filter(name, event.currentTarget.value)}>
        <option value="">{any}</option>
        {!isThere && <option value={chosen}>{chosen}</option>}
        {options.map(([value, title]) => (
          <option key={value} value={value}>
            {title}
          </option>
        ))}
      </select>
    </Field>
  )
}

function Field({ id, label, children }: { id: string; label: string; children: ComponentChildren }) {
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children}
    </div>
  )
}
