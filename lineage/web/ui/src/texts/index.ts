/** All that the page says, in one place: whoever translates it translates this folder. */
import { charts } from './charts'
import { compare } from './compare'
import { comparison } from './comparison'
import { frame, states, words } from './frame'
import { artifactText, audit, run, runEvents, runLogs, runRaw, runReports, runRerun, runSpec, runSteps } from './run'
import { runs } from './runs'
import { trends } from './trends'

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
  charts,
  compare,
  comparison,
  trends,
}
