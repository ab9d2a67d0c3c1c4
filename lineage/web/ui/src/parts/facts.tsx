import type { ComponentChildren } from 'preact'

export type Fact = readonly [name: string, value: ComponentChildren] | null | false

/** Names and what they stand for; what is null or false is left out. */
export function Facts({ of }: { of: readonly Fact[] }) {
  return (
    <dl class="facts">
      {of
        .filter((fact) => !!fact)
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  )
}
