/** All that the page says, in one place: whoever translates it translates this folder. */
import { artifact } from './artifact'
import { frame, states, words } from './frame'
import { graph } from './graph'
import { runs } from './runs'

export const texts = { frame, states, words, runs, graph, artifact }
