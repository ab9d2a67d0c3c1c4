/** All that the page says, in one place: whoever translates it translates this folder. */
import { alerts } from './alerts'
import { artifact } from './artifact'
import { artifacts } from './artifacts'
import { ask } from './ask'
import { audits } from './audits'
import { charts } from './charts'
import { compare } from './compare'
import { comparison } from './comparison'
import { deployments } from './deployments'
import { experiments } from './experiments'
import { frame, states, words } from './frame'
import { graph } from './graph'
import { recurring } from './recurring'
import { audit, run, runEvents, runLogs, runRaw, runReports, runRerun, runSpec, runSteps } from './run'
import { runs } from './runs'
import { search } from './search'
import { sources } from './sources'
import { trends } from './trends'

export const texts = {
  alerts,
  artifact,
  artifacts,
  ask,
  audits,
  charts,
  compare,
  comparison,
  deployments,
  experiments,
  frame,
  states,
  words,
  graph,
  recurring,
  run,
  runSteps,
  runReports,
  runLogs,
  runEvents,
  runSpec,
  runRaw,
  runRerun,
  audit,
  runs,
  search,
  sources,
  trends,
}
