/** Words that fit into a room, and do nothing to what stands around them. Pure. */

/** How wide a text is. */
export type Measure = (text: string) => number

const MOST = 200 // letters: no room has place for more, and to measure thousands takes time
const CONTROLS = /[\p{Cc}\u2028\u2029]+/gu
/** Whatever turns the direction of the words around it (Unicode, UAX #9). */
const TURNING = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu
const ELLIPSIS = '…'

/** A text on one line, without what nobody sees. */
export function plain(text: string): string {
  return text.slice(0, MOST).replace(TURNING, '').replace(CONTROLS, ' ').trim()
}

/** As much of the beginning as has room. */
export function fitted(text: string, room: number, measure: Measure): string {
  const whole = plain(text)
  if (text.length <= MOST && measure(whole) <= room) return whole
  const letters = [...whole]
  let fits = 0
  let most = letters.length
  while (fits < most) {
    const middle = Math.ceil((fits + most) / 2)
    if (measure(letters.slice(0, middle).join('') + ELLIPSIS) <= room) fits = middle
    else most = middle - 1
  }
  return letters.slice(0, fits).join('') + ELLIPSIS
}
