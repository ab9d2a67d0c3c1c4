/**
 * Markdown that somebody's step wrote, in a frame of its own that runs nothing: no HTML of it is taken over, and the frame may
 * neither run scripts nor send forms nor lead the page elsewhere. It is of our origin so that its height can be read.
 */
import MarkdownIt from 'markdown-it'
import { useMemo, useRef, useState } from 'preact/hooks'

const HIGHEST = 1_200
const SHEET = document.querySelector('link[rel="stylesheet"]')?.getAttribute('href') ?? ''

const markdown = MarkdownIt({ html: false, linkify: true })
markdown.disable('image') // it would ask somebody else
markdown.renderer.rules.link_open = (tokens, at, options, _env, self) => {
  tokens[at]?.attrSet('target', '_blank')
  tokens[at]?.attrSet('rel', 'noopener noreferrer')
  return self.renderToken(tokens, at, options)
}

export function Markdown({ text, title }: { text: string; title: string }) {
  const frame = useRef<HTMLIFrameElement>(null)
  const [height, setHeight] = useState(80)
  const theme = document.documentElement.dataset.theme
  const html = useMemo(
    () =>
      `<!doctype html><html data-theme="${theme}"><head><link rel="stylesheet" href="${SHEET}"></head>` +
      `<body class="markdown">${markdown.render(text)}</body></html>`,
    [text, theme],
  )
  return (
    <iframe
      ref={frame}
      class="markdown-frame"
      title={title}
      sandbox="allow-same-origin allow-popups"
      srcdoc={html}
      style={{ height: `${height}px` }}
      onLoad={() => {
        const body = frame.current?.contentDocument?.body
        if (body) setHeight(Math.min(body.scrollHeight + 4, HIGHEST))
      }}
    />
  )
}
