/** Where the things of a picture stand: the server lays them out, and is asked again only when things or links are others. */
import { useMemo, useRef } from 'preact/hooks'
import type { Answer, Variables } from '../api/queries'
import { type Answered, useAnswer } from '../api/use-answer'
import { HEIGHT, widthOf } from './drawn'
import { pictureFonts } from './fonts'
import type { Picture } from './picture'
import type { Box } from './view'

export interface LaidOut {
  readonly picture: Picture
  readonly places: ReadonlyMap<string, Box>
  /** Of each link, in their order: x and y in turn. */
  readonly routes: readonly (readonly number[])[]
  readonly width: number
  readonly height: number
}

interface Held {
  readonly key: string
  readonly picture: Picture
  readonly data: Answer<'layout'>
}

/** Lay a picture out. While one with other things is laid out, the one before is shown. */
export function useLaidOut(picture: Picture): Answered<LaidOut> {
  const question = useMemo(() => questionOf(picture), [picture])
  const key = useMemo(() => JSON.stringify(question), [question])
  const answered = useAnswer('layout', question)
  const held = useRef<Held | null>(null)
  if (answered.state === 'answered' && !answered.isOld) held.current = { key, picture, data: answered.data }
  const now = held.current
  const shown = now?.key === key ? picture : now?.picture
  const data = now?.data
  const laidOut = useMemo(() => (shown && data ? placed(shown, data) : null), [shown, data])
  if (answered.state !== 'answered') return answered
  return laidOut ? { ...answered, data: laidOut } : { state: 'loading' }
}

/** Things go by their numbers: their ids are long, and nobody but us reads them. */
function questionOf({ things, links }: Picture): Variables<'layout'> {
  const numbers = new Map(things.map((thing, number) => [thing.id, String(number)]))
  const fonts = pictureFonts()
  return {
    boxes: things.map((thing, number) => ({ id: String(number), width: widthOf(thing, fonts), height: HEIGHT })),
    links: links.map(({ source, target, isInferred }) => ({
      source: numbers.get(source) ?? '',
      target: numbers.get(target) ?? '',
      apart: isInferred ? 'inferred' : null,
    })),
  }
}

function placed(picture: Picture, { layout }: Answer<'layout'>): LaidOut {
  return {
    picture,
    places: new Map(
      picture.things.flatMap((thing, number) => {
        const box = layout.boxes[number]
        return box ? [[thing.id, box] as const] : []
      }),
    ),
    routes: layout.routes.map((route) => route.points),
    width: layout.width,
    height: layout.height,
  }
}
