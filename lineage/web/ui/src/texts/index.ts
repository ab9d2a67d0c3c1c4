/** All that the page says, in one place: whoever translates it translates this folder. */
import { charts } from './charts'
import { comparison } from './comparison'
import { frame, states, words } from './frame'
import { runs } from './runs'
import { trends } from './trends'

export const texts = { frame, states, words, runs, charts, comparison, trends }
