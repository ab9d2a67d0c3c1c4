import { texts } from '../texts'

/** A button that hands a text to the reader as a file. */
export function Download({ text, name, type, title }: { text: string; name: string; type: string; title?: string }) {
  return (
    <button type="button" onClick={() => download(new Blob([text], { type }), name)}>
      {title ?? texts.runSpec.download}
    </button>
  )
}

/** Hand bytes to the reader as a file. */
export function download(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob)
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(url))
}
