/** Files that the page makes of what it shows. */

const RELEASE_MILLISECONDS = 10_000 // by then the browser has taken it
const BEGINS_A_FORMULA = /^[=+\-@\t\n＝＋－＠]/
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/

export type Cell = string | number | boolean | null

/** Hand a text over as a file. */
export function download(name: string, type: string, text: string): void {
  const address = URL.createObjectURL(new Blob([text], { type }))
  const link = document.createElement('a')
  link.href = address
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(address), RELEASE_MILLISECONDS)
}

/** Rows as CSV under the names of their members. A text that a spreadsheet would take for a formula gets an apostrophe in front. */
export function csvOf(rows: readonly Readonly<Record<string, Cell>>[]): string {
  const names = Object.keys(rows[0] ?? {})
  return [names, ...rows.map((row) => names.map((name) => row[name] ?? null))]
    .map((cells) => `${cells.map(cell).join(',')}\n`)
    .join('')
}

function cell(value: Cell): string {
  if (value === null) return ''
  if (typeof value !== 'string') return String(value)
  const text = value.replace(/\r\n?/g, '\n')
  const harmless = BEGINS_A_FORMULA.test(text) && !NUMBER.test(text) ? `'${text}` : text
  return /[",\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless
}
