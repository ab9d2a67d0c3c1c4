/** All that the page says, in one place: whoever translates it translates this folder. */
import { artifacts } from './artifacts'
import { audit } from './audit'
import { deployments } from './deployments'
import { experiments } from './experiments'
import { frame, states, words } from './frame'
import { recurring } from './recurring'
import { runs } from './runs'
import { search } from './search'

export const texts = { frame, states, words, artifacts, audit, deployments, experiments, recurring, runs, search }
