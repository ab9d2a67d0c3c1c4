/** All that the page says, in one place: whoever translates it translates this folder. */
import { artifacts } from './artifacts'
import { deployments } from './deployments'
import { experiments } from './experiments'
import { frame, states, words } from './frame'
import { artifactText, audit, run, runEvents, runLogs, runRaw, runReports, runRerun, runSpec, runSteps } from './run'
import { recurring } from './recurring'
import { runs } from './runs'
import { search } from './search'

export const texts = {
  frame,
  states,
  words,
  runs,
  run,
  runSteps,
  runReports,
  runLogs,
  runEvents,
  runSpec,
  runRaw,
  runRerun,
  artifactText,
  audit,
}
export const texts = { frame, states, words, artifacts, deployments, experiments, recurring, runs, search }
