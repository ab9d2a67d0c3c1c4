/** The text of the pipeline that a run ran. */
import { useAnswer } from '../../api/use-answer'
import { Facts } from '../../parts/facts'
import { ObjectText } from '../../parts/source-text'
import { Empty, Shown } from '../../parts/states'
import { Identifier, Moment } from '../../parts/values'
import { texts } from '../../texts'
import type { TabProps } from '.'

export function SpecTab({ run, params }: TabProps) {
  return (
    <Shown of={useAnswer('page-run-spec', { id: run.id })}>
      {({ node }) => {
        const version = node?.__typename === 'Run' ? node.pipelineVersion : null
        if (!version?.spec) {
          return (
            <Empty title={texts.runSpec.none}>
              <p>{texts.runSpec.noneWhy}</p>
            </Empty>
          )
        }
        return (
          <div class="stack">
            <Facts
              of={[
                [texts.run.pipeline, version.pipeline.name],
                version.name !== null && [texts.run.version, version.name],
                [texts.runSpec.digest, <Identifier key="" text={version.digest} what={texts.runSpec.digest} />],
                version.createdAt !== null && [texts.run.created, <Moment key="" at={version.createdAt} />],
              ]}
            />
            <ObjectText value={version.spec} name={version.pipeline.name} form={params.form} />
          </div>
        )
      }}
    </Shown>
  )
}
