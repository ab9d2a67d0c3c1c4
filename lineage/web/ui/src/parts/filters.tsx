/** The filters of a list: each change goes into the address, and the list follows the address. */
import type { ComponentChildren } from 'preact'
import { useEffect, useId, useState } from 'preact/hooks'
import { change } from '../address/use-address'
import { texts } from '../texts'

type Params = Readonly<Record<string, string>>

/** The form around them, with what takes all of them away. `names` are theirs in the address. */
export function Filters({
  names,
  params,
  children,
}: {
  names: readonly string[]
  params: Params
  children: ComponentChildren
}) {
  return (
    <form class="filters" aria-label={texts.words.filters} onSubmit={(event) => event.preventDefault()}>
      {children}
      {isFiltered(names, params) && (
        <button
          type="button"
          onClick={() =>
            change({ ...Object.fromEntries(names.map((name) => [name, null])), after: null, before: null })
          }
        >
          {texts.words.clearFilters}
        </button>
      )}
    </form>
  )
}

export function isFiltered(names: readonly string[], params: Params): boolean {
  return names.some((name) => params[name])
}

interface FieldProps {
  readonly name: string
  readonly label: string
  readonly params: Params
}

export function TextFilter({
  name,
  label,
  params,
  hint,
  wrong,
  type = 'text',
}: FieldProps & { hint?: string; wrong?: string | null; type?: 'text' | 'datetime-local' }) {
  const id = useId()
  const inAddress = params[name] ?? ''
  // What is being written is not in the address yet, and must outlive that the list behind it changes.
  const [written, setWritten] = useState(inAddress)
  useEffect(() => setWritten(inAddress), [inAddress])
  return (
    <Field id={id} label={label}>
      <input
        id={id}
        type={type as 'text'} // the types of Preact want one field a type
        placeholder={hint}
        value={written}
        onInput={(event) => setWritten(event.currentTarget.value)}
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

export function ChoiceFilter({
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

function filter(name: string, value: string): void {
  change({ [name]: value, after: null, before: null })
}

export function Field({ id, label, children }: { id: string; label: string; children: ComponentChildren }) {
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children}
    </div>
  )
}
