/** The object of a run, as it was last seen; secrets are digests. */
import { useUpdates } from '../../api/live'
import { useAnswer } from '../../api/use-answer'
import { ObjectText } from '../../parts/source-text'
import { Empty, Shown } from '../../parts/states'
import { texts } from '../../texts'
import type { TabProps } from '.'
import { Forgotten } from './forgotten'

export function RawTab({ run, params }: TabProps) {
  useUpdates(['page-run-raw'], run.id)
  return (
    <Shown of={useAnswer('page-run-raw', { id: run.id })}>
      {({ node }) =>
        node?.__typename === 'Run' && node.raw ? (
          <ObjectText value={node.raw} name={node.name} form={params.form} />
        ) : run.forgottenAt ? (
          <Forgotten />
        ) : (
          <Empty title={texts.runRaw.none}>
            <p>{texts.runRaw.noneWhy}</p>
          </Empty>
        )
      }
    </Shown>
  )
}
