/** The audit of a run: its tier, and each check with its verdict, why, the evidence, and what to do. */
import { change } from '../../address/use-address'
import { useUpdates } from '../../api/live'
import type { Answer } from '../../api/queries'
import { useAnswer } from '../../api/use-answer'
import { Facts } from '../../parts/facts'
import { Empty, Shown } from '../../parts/states'
import { Identifier, Moment } from '../../parts/values'
import { TierMark, VerdictMark } from '../../parts/verdict'
import { texts } from '../../texts'
import type { TabProps } from '.'

type Audit = NonNullable<Answer<'page-run-audit'>['audit']>
type Check = Audit['checks'][number]

const OPEN: readonly Check['verdict'][] = ['FAIL', 'UNKNOWN']

export function AuditTab({ run, params }: TabProps) {
  useUpdates(['page-run-audit'], run.id)
  return (
    <Shown of={useAnswer('page-run-audit', { run: run.id })}>
      {({ audit }) =>
        audit ? <Judged audit={audit} showsAll={params.checks === 'all'} /> : <Empty title={texts.run.notARun} />
      }
    </Shown>
  )
}

function Judged({ audit, showsAll }: { audit: Audit; showsAll: boolean }) {
  const open = audit.checks.filter((check) => OPEN.includes(check.verdict))
  return (
    <div class="stack">
      <section class="card" aria-label={texts.audit.tier}>
        <Facts
          of={[
            [
              texts.audit.tier,
              <span key="">
                <TierMark tier={audit.tier} /> <span class="quiet">{texts.audit.tierMeans[audit.tier]}</span>
              </span>,
            ],
            [texts.audit.repeated, <VerdictMark key="" verdict={audit.repeated} />],
            [texts.audit.policy, <Identifier key="" text={audit.policy} what={texts.audit.policy} most={28} />],
            [texts.audit.asOf, <Moment key="" at={audit.asOf} />],
          ]}
        />
      </section>
      <div class="beside">
        <button type="button" aria-pressed={!showsAll} onClick={() => change({ checks: null }, { replace: true })}>
          {texts.audit.open} ({open.length})
        </button>
        <button type="button" aria-pressed={showsAll} onClick={() => change({ checks: 'all' }, { replace: true })}>
          {texts.audit.all} ({audit.checks.length})
        </button>
      </div>
      {!showsAll && !open.length && <Empty title={texts.audit.nothingOpen} />}
      <ul class="checks">
        {(showsAll ? audit.checks : open).map((check) => (
          <CheckCard key={check.id} check={check} />
        ))}
      </ul>
    </div>
  )
}

function CheckCard({ check }: { check: Check }) {
  return (
    <li class="card check">
      <h2>
        <VerdictMark verdict={check.verdict} /> <span class="quiet">{check.id}</span> {check.title}
      </h2>
      <p class="value">{check.reason}</p>
      {check.remedy && (
        <p>
          <strong>{texts.audit.remedy}:</strong> {check.remedy}
        </p>
      )}
      <p class="quiet">
        {texts.audit.needed}: {texts.audit.severities[check.severity]}
      </p>
      {check.evidence.length > 0 && (
        <details>
          <summary>{texts.audit.evidence(check.evidence.length, check.evidenceTotal)}</summary>
          <ul class="evidence">
            {check.evidence.map((one, number) => (
              <li key={number}>
                <code class="value">{one.path}</code>{' '}
                {one.value !== null && <code class="value quiet">{one.value}</code>}{' '}
                {one.observedAt && <Moment at={one.observedAt} />}
              </li>
            ))}
          </ul>
        </details>
      )}
    </li>
  )
}
