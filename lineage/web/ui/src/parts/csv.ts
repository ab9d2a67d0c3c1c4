/** Tables as CSV, as spreadsheets and programs read it. Pure. */

const BEGINS_A_FORMULA = /^[=+\-@\t\n＝＋－＠]/
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/

export type Cell = string | number | boolean | null

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
