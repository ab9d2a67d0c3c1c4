/** An object as text, in YAML or JSON: to read, to copy and to take along. */
import { dump } from 'js-yaml'
import { useMemo } from 'preact/hooks'
import { change } from '../address/use-address'
import { texts } from '../texts'
import { Download } from './download'
import { Copy } from './values'

const FORMS = ['yaml', 'json'] as const
type Form = (typeof FORMS)[number]

const SHOWN_CHARACTERS = 200_000 // of more, a browser makes a long page that nobody reads: it is there to be downloaded

export function ObjectText({ value, name, form }: { value: unknown; name: string; form: string | undefined }) {
  const chosen: Form = form === 'json' ? 'json' : 'yaml'
  const text = useMemo(
    () => (chosen === 'json' ? JSON.stringify(value, null, 2) : dump(value, { lineWidth: 120, noRefs: true })),
    [value, chosen],
  )
  return (
    <div class="stack">
      <div class="beside">
        {FORMS.map((one) => (
          <button
            key={one}
            type="button"
            aria-pressed={one === chosen}
            onClick={() => change({ form: one === 'yaml' ? null : one }, { replace: true })}
          >
            {one === 'json' ? texts.runSpec.asJson : texts.runSpec.asYaml}
          </button>
        ))}
        <Download
          text={text}
          name={`${name}.${chosen}`}
          type={chosen === 'json' ? 'application/json' : 'application/yaml'}
        />
        <Copy text={text} what={texts.runSpec.text} />
      </div>
      <SourceText text={text} />
    </div>
  )
}

export function SourceText({ text }: { text: string }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard (WCAG 2.1.1)
    <pre class="source" tabIndex={0}>
      {text.slice(0, SHOWN_CHARACTERS)}
      {text.length > SHOWN_CHARACTERS && '\n…'}
    </pre>
  )
}
