/** A graph as a picture in a file: what is shown, with the look that it has, and nothing else is needed. */
import rules from '../styles/graph-picture.css?inline'

const SVG = 'http://www.w3.org/2000/svg'
const MARGIN = 20
/** What browsers draw at most, on a side and in all. */
const LONGEST_PIXELS = 16_000
const MOST_PIXELS = 100_000_000
const LEAST_SCALE = 0.25 // below it nothing could be read
const SHARP = 2

export interface Drawing {
  readonly text: string
  readonly width: number
  readonly height: number
}

/** The picture by itself: its rules within it, with the colours of now. */
export function svgOf(picture: SVGSVGElement, title: string): Drawing {
  const width = Math.ceil(picture.width.baseVal.value) + 2 * MARGIN
  const height = Math.ceil(picture.height.baseVal.value) + 2 * MARGIN
  const copy = picture.cloneNode(true) as SVGSVGElement
  copy.removeAttribute('style')
  copy.setAttribute('xmlns', SVG)
  copy.setAttribute('width', String(width))
  copy.setAttribute('height', String(height))
  copy.setAttribute('viewBox', `${-MARGIN} ${-MARGIN} ${width} ${height}`)
  for (const part of copy.querySelectorAll('.more, .trace, title')) part.remove()
  for (const shape of copy.querySelectorAll('.shape')) {
    shape.parentElement?.prepend(element('title', {}, shape.ariaLabel ?? ''))
    shape.removeAttribute('role') // nothing in a file can be pressed
    shape.removeAttribute('tabindex')
  }
  const paper = element('rect', { x: -MARGIN, y: -MARGIN, width, height, fill: shownValue('--ground') })
  copy.prepend(element('title', {}, title), element('style', {}, withValues(rules)), paper)
  return { text: new XMLSerializer().serializeToString(copy), width, height }
}

/** The picture in pixels; null where it is too large for them. */
export async function pngOf({ text, width, height }: Drawing): Promise<Blob | null> {
  const scale = Math.min(
    SHARP,
    LONGEST_PIXELS / width,
    LONGEST_PIXELS / height,
    Math.sqrt(MOST_PIXELS / (width * height)),
  )
  if (scale < LEAST_SCALE) return null
  const image = new Image()
  // Not by an address of a blob: the content security policy lets data be an image, and nothing else.
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`
  await image.decode()
  const canvas = document.createElement('canvas')
  canvas.width = Math.round(width * scale)
  canvas.height = Math.round(height * scale)
  canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height)
  return new Promise((done) => canvas.toBlob(done, 'image/png'))
}

function element(name: string, attributes: Record<string, string | number>, text = ''): SVGElement {
  const made = document.createElementNS(SVG, name)
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value))
  made.textContent = text
  return made
}

/** Rules with values in the place of the properties of this page. */
function withValues(text: string): string {
  const values = new Map<string, string>()
  return text.replace(/var\((--[\w-]+)\)/g, (_, name: string) => {
    const value = values.get(name) ?? shownValue(name)
    values.set(name, value)
    return value
  })
}

/** What a property is now: a colour as it is by light or by dark. */
function shownValue(name: string): string {
  const written = getComputedStyle(document.documentElement).getPropertyValue(name).trim()
  if (!CSS.supports('color', written)) return written
  const probe = document.createElement('span')
  probe.style.color = written
  document.body.append(probe)
  const colour = getComputedStyle(probe).color
  probe.remove()
  return colour
}
