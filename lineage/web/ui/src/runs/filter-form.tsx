/** The filters of runs, those that are asked for most ahead of the others. */
import { useState } from 'preact/hooks'
import type { Phase } from '../api/types'
import { useChoices } from '../api/use-choices'
import { ChoiceFilter, Filters, isFiltered, TextFilter } from '../parts/filters'
import { TONES } from '../parts/phase'
import { texts } from '../texts'
import { compared, comparedMetric, FILTERS, type Params } from './filters'

const ALWAYS_SHOWN = ['text', 'phase', 'pipeline'] as const

export function FilterForm({ params }: { params: Params }) {
  const said = texts.runs
  const hidden = FILTERS.filter((name) => !ALWAYS_SHOWN.some((shown) => shown === name))
  const [isOpen, setOpen] = useState(() => isFiltered(hidden, params))
  const choices = useChoices()
  const known = choices.state === 'answered' ? choices.data : null
  return (
    <Filters names={FILTERS} params={params}>
      <TextFilter name="text" label={said.text} params={params} />
      <ChoiceFilter
        name="phase"
        label={said.phase}
        any={said.anyPhase}
        params={params}
        options={phasesOffered(params.phase)}
      />
      <ChoiceFilter
        name="pipeline"
        label={said.pipeline}
        any={said.anyPipeline}
        params={params}
        options={(known?.pipelines.nodes ?? []).map((one) => [one.id, named(one.name, one.namespace)])}
      />
      {isOpen && (
        <>
          <ChoiceFilter
            name="experiment"
            label={said.experiment}
            any={said.anyExperiment}
            params={params}
            options={(known?.experiments.nodes ?? []).map((one) => [one.id, named(one.name, one.namespace)])}
          />
          <ChoiceFilter
            name="recurring"
            label={said.recurring}
            any={said.anyRecurring}
            params={params}
            options={(known?.recurringRuns.nodes ?? []).map((one) => [one.id, named(one.displayName, one.namespace)])}
          />
          <TextFilter name="namespace" label={said.namespace} params={params} />
          <TextFilter name="since" label={said.since} params={params} type="datetime-local" />
          <TextFilter name="until" label={said.until} params={params} type="datetime-local" />
          <TextFilter
            name="parameter"
            label={said.parameter}
            hint={said.parameterHint}
            params={params}
            wrong={params.parameter && !compared(params.parameter) ? said.parameterWrong : null}
          />
          <TextFilter
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
    </Filters>
  )
}

/** One phase each; and the several of an address, such as other screens lead to. */
function phasesOffered(chosen: string | undefined): readonly (readonly [string, string])[] {
  const named = (phases: string) =>
    phases
      .split(',')
      .map((phase) => texts.words.phases[phase as Phase] ?? phase)
      .join(texts.words.or)
  return [...Object.keys(TONES), ...(chosen?.includes(',') ? [chosen] : [])].map((phases) => [phases, named(phases)])
}

function named(name: string, namespace: string | null): string {
  return namespace ? `${name} (${namespace})` : name
}
