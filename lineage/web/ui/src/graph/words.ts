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
  return cut(plain(text), text.length > MOST, room, measure, (letters, count) => [...letters.slice(0, count), ELLIPSIS])
}

/** As much of the end as has room: of uris, which begin alike. */
export function fittedEnd(text: string, room: number, measure: Measure): string {
  const isLonger = text.length > MOST
  return cut(plain(text.slice(-MOST)), isLonger, room, measure, (letters, count) => [
    ELLIPSIS,
    ...letters.slice(letters.length - count),
  ])
}

function cut(
  text: string,
  isLonger: boolean,
  room: number,
  measure: Measure,
  some: (letters: readonly string[], count: number) => readonly string[],
): string {
  if (!isLonger && measure(text) <= room) return text
  const letters = [...text]
  let fits = 0
  let most = letters.length
  while (fits < most) {
    const middle = Math.ceil((fits + most) / 2)
    if (measure(some(letters, middle).join('')) <= room) fits = middle
    else most = middle - 1
  }
  return some(letters, fits).join('')
}
