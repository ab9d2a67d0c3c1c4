/** A manifest that would run a run again, and what of it is not held fast. */
import { useAnswer } from '../../api/use-answer'
import { Download } from '../../parts/download'
import { SourceText } from '../../parts/source-text'
import { Empty, Shown } from '../../parts/states'
import { Table } from '../../parts/table'
import { Copy } from '../../parts/values'
import { texts } from '../../texts'
import type { TabProps } from '.'
import { Forgotten } from './forgotten'

export function RerunTab({ run }: TabProps) {
  return run.forgottenAt ? <Forgotten /> : <Manifest run={run} />
}

function Manifest({ run }: Pick<TabProps, 'run'>) {
  return (
    <Shown of={useAnswer('page-run-rerun', { run: run.id })}>
      {({ rerunManifest: made }) =>
        made ? (
          <div class="stack">
            <section class="stack">
              <h2>{texts.runRerun.unpinned}</h2>
              {made.unpinned.length ? (
                <Table
                  caption={texts.runRerun.unpinned}
                  keyOf={(one) => `${one.path} ${one.reason}`}
                  rows={made.unpinned}
                  columns={[
                    { id: 'path', title: texts.run.name, cell: (one) => <code class="value">{one.path}</code> },
                    { id: 'reason', title: texts.audit.reason, cell: (one) => one.reason },
                  ]}
                />
              ) : (
                <p>{texts.runRerun.allPinned}</p>
              )}
            </section>
            <section class="stack">
              <h2>{texts.runRerun.manifest}</h2>
              <div class="beside">
                <Download text={made.yaml} name={`${run.name}-again.yaml`} type="application/yaml" />
                <Copy text={made.yaml} what={texts.runRerun.manifest} />
              </div>
              <SourceText text={made.yaml} />
            </section>
          </div>
        ) : (
          <Empty title={texts.runRerun.none} />
        )
      }
    </Shown>
  )
}
