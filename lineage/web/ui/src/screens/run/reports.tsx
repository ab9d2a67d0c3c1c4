/** What the steps of a run reported that can be shown: confusion matrices, ROC curves, tables, texts. */
import type { ComponentChildren } from 'preact'
import { address } from '../../address/address'
import { useUpdates } from '../../api/live'
import { useEvery } from '../../api/use-answer'
import { Empty, Shown } from '../../parts/states'
import { Table } from '../../parts/table'
import { numberText } from '../../parts/wording'
import { ConfusionMatrix } from '../../plots/confusion-matrix'
import { Markdown } from '../../plots/markdown'
import { type Plot, saidBy } from '../../plots/plots'
import { RocCurves } from '../../plots/roc'
import { texts } from '../../texts'
import type { TabProps } from '.'

export function ReportsTab({ run }: TabProps) {
  useUpdates(['page-run-reports'], run.id)
  const every = useEvery('page-run-reports', { id: run.id }, ({ node }) =>
    node?.__typename === 'Run' && node.artifacts.pageInfo.hasNextPage
      ? { after: node.artifacts.pageInfo.endCursor }
      : null,
  )
  return (
    <Shown of={every}>
      {(pages) => {
        const reports = pages
          .flatMap(({ node }) => (node?.__typename === 'Run' ? node.artifacts.nodes : []))
          .map((artifact) => ({ artifact, said: saidBy(artifact.metadata) }))
          .filter(({ said }) => said.plots.length || said.metrics.length || said.setAside.length)
        if (!reports.length) {
          return (
            <Empty title={texts.runReports.none}>
              <p>{texts.runReports.noneWhy}</p>
            </Empty>
          )
        }
        return (
          <div class="stack">
            {reports.map(({ artifact, said }) => (
              <section key={artifact.id} class="card stack">
                <h2>
                  <a href={address(['artifacts', artifact.id])}>{artifact.name}</a>{' '}
                  {artifact.producer && (
                    <span class="quiet">
                      {texts.runReports.from}{' '}
                      <a href={address(['runs', run.id, 'graph'], { step: artifact.producer.id })}>
                        {artifact.producer.displayName}
                      </a>
                    </span>
                  )}
                </h2>
                {said.metrics.length > 0 && (
                  <Table
                    caption={texts.runReports.metrics}
                    keyOf={([name]) => name}
                    rows={said.metrics}
                    columns={[
                      { id: 'name', title: texts.run.name, cell: ([name]) => name },
                      {
                        id: 'value',
                        title: texts.run.value,
                        isNumber: true,
                        cell: ([, value]) => (typeof value === 'number' ? numberText(value) : value),
                      },
                    ]}
                  />
                )}
                <div class="plots">
                  {said.plots.map((plot, at) => (
                    <ShownPlot key={at} plot={plot} />
                  ))}
                </div>
                {said.setAside.map((one) => (
                  <p key={`${one.place} ${one.reason}`} class="quiet value">
                    {texts.runReports.setAside} {one.place} {one.reason}
                  </p>
                ))}
              </section>
            ))}
          </div>
        )
      }}
    </Shown>
  )
}

function ShownPlot({ plot }: { plot: Plot }) {
  const said = texts.runReports
  switch (plot.type) {
    case 'confusion_matrix':
      return (
        <Titled title={said.confusion}>
          <ConfusionMatrix plot={plot} />
        </Titled>
      )
    case 'roc':
      return (
        <Titled title={said.roc}>
          <RocCurves curves={[{ name: said.roc, points: plot.points }]} />
        </Titled>
      )
    case 'table':
      return (
        <Titled title={said.table}>
          <Table
            caption={said.table}
            keyOf={(row) => row.join('\n')}
            rows={plot.rows}
            columns={plot.header.map((title, at) => ({
              id: `${at}`,
              title,
              cell: (row: readonly string[]) => row[at],
            }))}
          />
          {plot.rowCount > plot.rows.length && <p class="quiet">{said.rowsShown(plot.rows.length, plot.rowCount)}</p>}
        </Titled>
      )
    case 'markdown':
      return (
        <Titled title={said.text}>
          <Markdown text={plot.text} title={said.text} />
        </Titled>
      )
    case 'tensorboard':
    case 'web-app':
      return (
        <Titled title={said.elsewhere}>
          <p>
            {plot.type} <code class="value">{plot.uri ?? said.inFile}</code>
          </p>
        </Titled>
      )
  }
}

function Titled({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <section class="plot">
      <h3>{title}</h3>
      {children}
    </section>
  )
}
