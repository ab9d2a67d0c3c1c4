/** Saves what a graph shows as a file. */
import type { RefObject } from 'preact'
import { useRef, useState } from 'preact/hooks'
import { download } from '../parts/download'
import { Icon } from '../parts/icons'
import { texts } from '../texts'
import { dotOf, fileName, jsonOf } from './export'
import type { Picture } from './picture'
import { pngOf, svgOf } from './saving'

type Form = keyof typeof texts.graph.saveAs
/** Those that are made of what is drawn: not there where a table stands. */
const PICTURES: ReadonlySet<Form> = new Set(['svg', 'png'])

interface SaveMenuProps {
  readonly picture: Picture
  readonly title: string
  /** Within which the picture is drawn. */
  readonly around: RefObject<HTMLElement | null>
  readonly isDrawn: boolean
}

export function SaveMenu({ picture, title, around, isDrawn }: SaveMenuProps) {
  const menu = useRef<HTMLDetailsElement>(null)
  const [trouble, setTrouble] = useState('')
  const chosen = async (form: Form) => {
    setTrouble('')
    const content = await made(
      form,
      picture,
      title,
      around.current?.querySelector<SVGSVGElement>('svg.picture') ?? null,
    )
    if (!content) return setTrouble(texts.graph.tooLarge)
    download(content, fileName(title, form))
    if (menu.current) menu.current.open = false
  }
  return (
    <details class="menu" ref={menu}>
      <summary>
        {texts.graph.save}
        <Icon name="down" />
      </summary>
      <div class="sheet choices">
        {(Object.entries(texts.graph.saveAs) as [Form, string][])
          .filter(([form]) => isDrawn || !PICTURES.has(form))
          .map(([form, name]) => (
            <button key={form} type="button" onClick={() => void chosen(form)}>
              {name}
            </button>
          ))}
        {trouble && <p role="alert">{trouble}</p>}
      </div>
    </details>
  )
}

async function made(form: Form, picture: Picture, title: string, svg: SVGSVGElement | null): Promise<Blob | null> {
  switch (form) {
    case 'dot':
      return new Blob([dotOf(title, picture)], { type: 'text/vnd.graphviz' })
    case 'json':
      return new Blob([jsonOf(title, picture)], { type: 'application/json' })
    case 'svg':
      return svg && new Blob([svgOf(svg, title).text], { type: 'image/svg+xml' })
    case 'png':
      return svg && pngOf(svgOf(svg, title))
  }
}
