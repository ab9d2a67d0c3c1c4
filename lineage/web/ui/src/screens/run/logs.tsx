/** The logs of a run that were archived: which there are, and the beginning of the one that was chosen. */
import { address, readAddress } from '../../address/address'
import { useUpdates } from '../../api/live'
import { useAnswer } from '../../api/use-answer'
import { ArtifactText } from '../../parts/artifact-text'
import { Pager, pageAsked } from '../../parts/pager'
import { Empty, Shown } from '../../parts/states'
import { sizeText } from '../../parts/wording'
import { texts } from '../../texts'
import type { TabProps } from '.'

const PAGE = 50

export function LogsTab({ run, params }: TabProps) {
  useUpdates(['page-run-logs'], run.id)
  return (
    <Shown of={useAnswer('page-run-logs', { id: run.id, ...pageAsked(params, PAGE) })}>
      {({ node }) => {
        const logs = node?.__typename === 'Run' ? node.artifacts.nodes : []
        const [first] = logs
        if (node?.__typename !== 'Run' || !first) {
          return (
            <Empty title={texts.runLogs.none}>
              <p>{texts.runLogs.noneWhy}</p>
            </Empty>
          )
        }
        const chosen = logs.find((log) => log.id === params.log) ?? first
        return (
          <div class="logs">
            <nav class="log-names" aria-label={texts.runLogs.choose}>
              <ul>
                {logs.map((log) => (
                  <li key={log.id}>
                    <a
                      href={address(['runs', run.id, 'logs'], { ...readAddress(location.hash).params, log: log.id })}
                      aria-current={log.id === chosen.id ? 'true' : undefined}
                    >
                      {log.producer ? texts.runLogs.of(log.producer.displayName, log.producer.attempt) : log.name}{' '}
                      <span class="quiet">
                        {log.name}
                        {log.sizeBytes !== null && `, ${sizeText(Number(log.sizeBytes))}`}
                      </span>
                    </a>
                  </li>
                ))}
              </ul>
              <Pager of={node.artifacts.pageInfo} />
            </nav>
            <ArtifactText key={chosen.id} artifact={chosen} params={params} />
          </div>
        )
      }}
    </Shown>
  )
}
