/** How wide letters are, as this browser draws them; each text is measured once. */
import type { Fonts } from './drawn'
import type { Measure } from './words'

const AVERAGE = 7 // where there is nothing to measure with, such as in tests
const REMEMBERED = 20_000

let fonts: Fonts | undefined

/** The fonts of the picture: those that graph-picture.css sets. */
export function pictureFonts(): Fonts {
  fonts ??= { title: measuring('600 13px'), small: measuring('11px') }
  return fonts
}

function measuring(size: string): Measure {
  const context = document.createElement('canvas').getContext('2d')
  if (!context) return (text) => text.length * AVERAGE
  context.font = `${size} ${getComputedStyle(document.body).fontFamily}`
  const known = new Map<string, number>()
  return (text) => {
    const width = known.get(text) ?? context.measureText(text).width
    if (known.size > REMEMBERED) known.clear()
    known.set(text, width)
    return width
  }
}
