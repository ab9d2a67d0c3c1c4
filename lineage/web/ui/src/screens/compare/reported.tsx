/** ROC curves of all runs in one picture, and their confusion matrices side by side, where steps reported them. */
import { useAnswer } from '../../api/use-answer'
import { Shown } from '../../parts/states'
import { shortened } from '../../parts/wording'
import { ConfusionMatrix } from '../../plots/confusion-matrix'
import { type Plot, saidBy } from '../../plots/plots'
import { RocCurves } from '../../plots/roc'
import { texts } from '../../texts'
import type { Run } from './rows'

const MOST_OF_NAME = 60

interface Reported {
  readonly run: string
  readonly step: string
  readonly plot: Plot
}

export function ReportedPlots({ runs }: { runs: readonly Run[] }) {
  const asked = useAnswer('page-compare-plots', { ids: runs.map((run) => run.id) })
  return (
    <Shown of={asked}>
      {({ nodes }) => {
        const all = nodes.flatMap((node, at): Reported[] => {
          if (node?.__typename !== 'Run') return []
          return node.artifacts.nodes.flatMap((artifact) =>
            saidBy(artifact.metadata).plots.map((plot) => ({
              run: shortened(runs[at]?.displayName ?? node.id, MOST_OF_NAME),
              step: artifact.producer?.displayName ?? '',
              plot,
            })),
          )
        })
        const curves = all.flatMap(({ run, step, plot }) =>
          plot.type === 'roc' ? [{ name: texts.compare.matrixOf(run, step), points: plot.points }] : [],
        )
        const matrices = all.flatMap(({ run, step, plot }) =>
          plot.type === 'confusion_matrix' ? [{ run, step, plot }] : [],
        )
        if (!curves.length && !matrices.length) return null
        return (
          <section class="card stack">
            <h2>{texts.compare.reports}</h2>
            {curves.length > 0 && <RocCurves curves={curves} />}
            <div class="columns">
              {matrices.map(({ run, step, plot }, at) => (
                <div key={`${run} ${step} ${at}`}>
                  <h3>{texts.compare.matrixOf(run, step)}</h3>
                  <ConfusionMatrix plot={plot} label={texts.compare.matrixOf(run, step)} />
                </div>
              ))}
            </div>
          </section>
        )
      }}
    </Shown>
  )
}
