/** A small map of a graph of which one sees a part: where that part is; a click moves there. For pointers: keys go along links. */
import { useLayoutEffect, useMemo, useRef } from 'preact/hooks'
import { texts } from '../texts'
import type { Sight } from './sight'
import type { LaidOut } from './use-laid-out'

const WIDEST = 180
const HIGHEST = 120
const LEAST = 24 // of a graph that is very long: so that it can be hit

export function GraphMap({ of, sight }: { of: LaidOut; sight: Sight }) {
  const map = useRef<SVGSVGElement>(null)
  const sightBox = useRef<SVGRectElement>(null)
  const scale = Math.min(WIDEST / of.width, HIGHEST / of.height)
  const boxes = useMemo(
    () =>
      [...of.places.values()]
        .map(({ left, top, width, height }) => `M${left} ${top}h${width}v${height}h${-width}z`)
        .join(''),
    [of.places],
  )
  useLayoutEffect(
    () =>
      sight.watch(({ x, y, scale: seen }, frame) => {
        const box = { x: -x / seen, y: -y / seen, width: frame.width / seen, height: frame.height / seen }
        for (const [name, value] of Object.entries(box)) sightBox.current?.setAttribute(name, String(value))
        const isWhole = box.x <= 0 && box.y <= 0 && box.x + box.width >= of.width && box.y + box.height >= of.height
        map.current?.toggleAttribute('hidden', isWhole)
      }),
    [sight, of],
  )
  const moveTo = (event: PointerEvent) => {
    if (!event.buttons || !map.current) return
    const { left, top, width, height } = map.current.getBoundingClientRect()
    sight.centre({
      left: ((event.clientX - left) / width) * of.width,
      top: ((event.clientY - top) / height) * of.height,
      width: 0,
      height: 0,
    })
  }
  return (
    <svg
      ref={map}
      class="graph-map"
      aria-hidden="true"
      viewBox={`0 0 ${of.width} ${of.height}`}
      width={Math.max(LEAST, of.width * scale)}
      height={Math.max(LEAST, of.height * scale)}
      preserveAspectRatio="none"
      onPointerDown={moveTo}
      onPointerMove={moveTo}
    >
      <title>{texts.graph.map}</title>
      <path class="boxes" d={boxes} />
      <rect ref={sightBox} class="sight" />
    </svg>
  )
}
