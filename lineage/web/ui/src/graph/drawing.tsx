/** A picture that was laid out, as SVG: the links as few long paths, the things above them. It knows of no gesture. */
import { useMemo } from 'preact/hooks'
import { PATHS } from '../parts/icons'
import { texts } from '../texts'
import { drawn, HEIGHT, LEFT, line, MARK, outline, outlineBeside, STACK, tip } from './drawn'
import { pictureFonts } from './fonts'
import { toldOf } from './kinds'
import type { Thing } from './picture'
import type { LaidOut } from './use-laid-out'
import type { Box } from './view'

const ICON_TOP = 13
const FIRST_LINE = 20
const SECOND_LINE = 36
const MORE = 9 // the radius of the button that shows more
const MORE_REACH = 13 // and of where it can be hit (WCAG 2.5.8)

interface DrawingProps {
  readonly of: LaidOut
  /** Only these things; all where it is null. */
  readonly only: ReadonlySet<string> | null
}

/** A thousand links are three elements, and quick to move. */
export function Drawing({ of, only }: DrawingProps) {
  // The same value is the same drawing: it is not gone through again while one moves it, or selects in it.
  return useMemo(() => {
    const shown = only ? of.picture.things.filter((thing) => only.has(thing.id)) : of.picture.things
    return (
      <>
        <Links of={of} />
        <g class="trace">
          <path class="line" />
          <path class="tips" />
        </g>
        <g>
          {shown.map((thing) => {
            const place = of.places.get(thing.id)
            return place && <DrawnThing key={thing.id} thing={thing} place={place} />
          })}
        </g>
        <g>
          {shown.map((thing) => {
            const place = of.places.get(thing.id)
            return thing.more && place && <More key={thing.id} thing={thing} place={place} />
          })}
        </g>
      </>
    )
  }, [of, only])
}

function Links({ of: { picture, routes } }: { of: LaidOut }) {
  const of = (isInferred: boolean) => routes.filter((_, at) => picture.links[at]?.isInferred === isInferred)
  return (
    <g>
      <path class="line" d={of(false).map(line).join('')} />
      <path class="line inferred" d={of(true).map(line).join('')} />
      <path class="tips" d={routes.map(tip).join('')} />
    </g>
  )
}

function DrawnThing({ thing, place }: { thing: Thing; place: Box }) {
  const { icon, title, subtitle, marks, badge, badgeWidth, end } = drawn(thing, place.width, pictureFonts())
  const up = thing.kind === 'group' ? STACK / 2 : 0
  const firstLine = FIRST_LINE - up
  const secondLine = SECOND_LINE - up
  const beside = outlineBeside(thing, place.width)
  const badgeLeft = end - badgeWidth
  return (
    <g
      class={`thing ${thing.kind}${thing.isAskedFor ? ' asked' : ''}${thing.isQuiet ? ' left-out' : ''}`}
      data-id={thing.id}
      transform={`translate(${place.left} ${place.top})`}
    >
      {beside && <path class="beside" d={beside} />}
      {/* biome-ignore lint/a11y/useSemanticElements: SVG has no button */}
      <path class="shape" d={outline(thing, place.width)} role="button" tabindex={-1} aria-label={toldOf(thing)} />
      <g aria-hidden="true">
        <path class="sign" d={PATHS[icon]} transform={`translate(12 ${ICON_TOP - up})`} />
        <text class="name" x={LEFT} y={firstLine}>
          {title}
        </text>
        <text class="small" x={LEFT} y={secondLine}>
          {subtitle}
        </text>
        {marks.map(({ mark, x, number }) => (
          <g key={mark.word} class={`state ${mark.tone}`}>
            <circle cx={x} cy={firstLine - 4} r={MARK / 2} />
            <path d={PATHS[mark.icon]} transform={`translate(${x - 6} ${firstLine - 10}) scale(0.75)`} />
            {number && (
              <text class="small" x={x + MARK / 2 + 3} y={firstLine}>
                {number}
              </text>
            )}
          </g>
        ))}
        {badge && (
          <g class="badge">
            <rect x={badgeLeft} y={secondLine - 12} width={badgeWidth} height={16} rx={8} />
            <text class="small" x={badgeLeft + 6} y={secondLine}>
              {badge}
            </text>
          </g>
        )}
      </g>
    </g>
  )
}

/** Shows more of a thing. The keyboard does it with + on the thing itself. */
function More({ thing, place }: { thing: Thing; place: Box }) {
  const x = thing.more === 'before' ? place.left : place.left + place.width
  return (
    <g class="more" data-more={thing.id} aria-hidden="true" transform={`translate(${x} ${place.top + HEIGHT / 2})`}>
      <title>{texts.graph.expand(thing.title)}</title>
      <circle class="reach" r={MORE_REACH} />
      <circle class="disc" r={MORE} />
      <path d="M-4.5 0h9M0-4.5v9" />
    </g>
  )
}
