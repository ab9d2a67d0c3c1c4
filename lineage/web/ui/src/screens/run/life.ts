/** The life of a run: what happened, in the order of time. Pure. */
import type { Answer } from '../../api/queries'
import type { Phase } from '../../api/types'
import { texts } from '../../texts'

type Told = Extract<Answer<'page-run-events'>['node'], { __typename: 'Run' }>

export interface LifeEvent {
  readonly at: string
  readonly what: string
  /** What it happened to: a step, a pod, the run. */
  readonly subject: string
  /** The step that it leads to. */
  readonly step: string | null
  readonly phase: Phase | null
  readonly note: string
}

/** List what happened in a run, by the pages of its answer, the first first. What has no time is no event. */
export function lifeOf(pages: readonly Told[]): readonly LifeEvent[] {
  const [run] = pages
  if (!run) return []
  const said = texts.runEvents
  const events: LifeEvent[] = []
  const add = (at: string | null | undefined, event: Omit<LifeEvent, 'at'>) => {
    if (at) events.push({ at, ...event })
  }
  const ofRun = { subject: run.displayName, step: null, phase: null, note: '' }
  add(run.scheduledAt, { ...ofRun, what: said.due })
  add(run.createdAt, { ...ofRun, what: said.created })
  for (const workflow of run.workflows) {
    add(workflow.createdAt, { ...ofRun, subject: workflow.name, what: said.workflowCreated })
  }
  add(run.startedAt, { ...ofRun, what: said.runStarted })
  for (const step of pages.flatMap((page) => page.executions.nodes)) {
    const ofStep = { subject: named(step), step: step.id, phase: null, note: '' }
    add(step.startedAt, { ...ofStep, what: said.stepStarted })
    add(step.finishedAt, {
      ...ofStep,
      what: said.stepEnded,
      phase: step.phase,
      note: noted(step.message, step.superseded && said.superseded),
    })
    for (const pod of step.pods) {
      const ofPod = { subject: pod.name, step: step.id, phase: null, note: '' }
      add(pod.createdAt, { ...ofPod, what: said.podCreated })
      add(pod.startedAt, { ...ofPod, what: said.podStarted, note: pod.node ? said.onNode(pod.node) : '' })
      add(pod.finishedAt, {
        ...ofPod,
        what: said.podEnded,
        phase: pod.phase,
        note: noted(
          pod.reason,
          pod.exitCode !== null && pod.exitCode !== 0 && said.exitCode(pod.exitCode),
          pod.restarts > 0 && said.restarts(pod.restarts),
        ),
      })
    }
    for (const { at, condition } of step.turns) {
      if (condition) {
        const is = condition.status === 'True' ? condition.type : `${condition.type}: ${condition.status}`
        add(at, { ...ofStep, what: `${said.condition} ${is}`, note: noted(condition.reason, condition.message) })
      }
    }
  }
  add(run.finishedAt, { ...ofRun, what: said.runEnded, phase: run.phase, note: run.message ?? '' })
  // Of equal times the order above stands, which is that of cause and effect.
  return events.sort((one, other) => Date.parse(one.at) - Date.parse(other.at))
}

function named(step: { displayName: string; attempt: number }): string {
  return step.attempt ? `${step.displayName} (${texts.runSteps.attempt(step.attempt)})` : step.displayName
}

function noted(...notes: (string | null | false)[]): string {
  return notes.filter(Boolean).join(', ')
}
