/** All that the page says, in one place: whoever translates it translates this folder. */
import { frame, states, words } from './frame'
import { runs } from './runs'
import { search } from './search'

export const texts = { frame, states, words, runs, search }
