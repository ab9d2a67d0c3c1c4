/** The texts that two runs ran, as a unified diff. Fetched where it is shown: with what finds it, and what writes YAML. */
import { type StructuredPatchHunk, structuredPatch } from 'diff'
import { dump } from 'js-yaml'
import { useMemo } from 'preact/hooks'
import { useAnswer } from '../../api/use-answer'
import { Shown } from '../../parts/states'
import { texts } from '../../texts'

const CONTEXT = 3 // lines around each difference
const MOST_EDITS = 2_000 // of more, a browser would look for long, and nobody would read it

type Lines = Pick<StructuredPatchHunk, 'oldStart' | 'oldLines' | 'newStart' | 'newLines' | 'lines'>

export interface SpecDiffProps {
  readonly base: string
  readonly target: string
}

export function SpecDiff({ base, target }: SpecDiffProps) {
  const asked = useAnswer('page-specs', { ids: [base, target] })
  return (
    <Shown of={asked}>
      {({ nodes }) => {
        const [before, after] = nodes.map((node) => (node?.__typename === 'Run' ? node.pipelineVersion : null))
        if (!before?.spec || !after?.spec) return <SpecDiffOfObjects base={base} target={target} />
        return <Unified before={before.spec} after={after.spec} />
      }}
    </Shown>
  )
}

/** Where no version of a pipeline is known: the specs of the objects themselves. */
function SpecDiffOfObjects({ base, target }: SpecDiffProps) {
  const [one, other] = [useAnswer('page-run-raw', { id: base }), useAnswer('page-run-raw', { id: target })]
  return (
    <Shown of={one}>
      {(before) => (
        <Shown of={other}>
          {(after) => {
            const [old, now] = [specIn(before.node), specIn(after.node)]
            if (!old || !now) return <p class="quiet">{texts.compare.specUnknown}</p>
            return <Unified before={old} after={now} />
          }}
        </Shown>
      )}
    </Shown>
  )
}

function specIn(node: object | null): unknown {
  const raw = node && 'raw' in node ? node.raw : null
  return raw && typeof raw === 'object' && 'spec' in raw ? raw.spec : null
}

function Unified({ before, after }: { before: unknown; after: unknown }) {
  const said = texts.compare
  const hunks = useMemo(() => hunksOf(yamlOf(before), yamlOf(after)), [before, after])
  if (hunks === null) return <p class="quiet">{said.specTooFar}</p>
  if (!hunks.length) return <p class="quiet">{said.specSame}</p>
  const lines = hunks.flatMap((hunk) => hunk.lines)
  const count = (sign: string) => lines.filter((line) => line.startsWith(sign)).length
  return (
    <>
      <p class="quiet">{said.specFull(count('-'), count('+'))}</p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard (WCAG 2.1.1) */}
      <section class="diff" tabIndex={0} aria-label={said.diffOf}>
        <pre>
          {hunks.map((hunk) => (
            <span key={`${hunk.oldStart} ${hunk.newStart}`}>
              <span class="diff-head">{headOf(hunk)}</span>
              {hunk.lines.map((line, at) => (
                <span key={at} class={classOf(line)}>
                  {signed(line)}
                  {'\n'}
                </span>
              ))}
            </span>
          ))}
        </pre>
      </section>
    </>
  )
}

/** Where two texts differ, with some lines around; null where they have too little in common. */
export function hunksOf(before: string, after: string): readonly Lines[] | null {
  const patch = structuredPatch('', '', before, after, undefined, undefined, {
    context: CONTEXT,
    maxEditLength: MOST_EDITS,
  })
  return patch?.hunks ?? null
}

/** With its members in one order, whichever way it was written. */
function yamlOf(value: unknown): string {
  return dump(value, { lineWidth: 120, noRefs: true, sortKeys: true })
}

function headOf({ oldStart, oldLines, newStart, newLines }: Lines): string {
  return `@@ −${oldStart},${oldLines} +${newStart},${newLines} @@\n`
}

function classOf(line: string): string | undefined {
  return line.startsWith('-') ? 'diff-removed' : line.startsWith('+') ? 'diff-added' : undefined
}

/** A minus as wide as a plus. */
function signed(line: string): string {
  return line.startsWith('-') ? `−${line.slice(1)}` : line
}
