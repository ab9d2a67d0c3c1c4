/** A graph as text for other tools: pure. */
import { stateOf } from './kinds'
import type { Kind, Picture, Thing } from './picture'

const SHAPES: Readonly<Record<Kind, string>> = {
  execution: 'box',
  artifact: 'note',
  deployment: 'component',
  group: 'box3d',
  hidden: 'plaintext',
}

/** In the language of Graphviz: every text is a quoted string, so none of its escapes is read in it. */
export function dotOf(title: string, { things, links }: Picture): string {
  const names = new Map(things.map((thing, at) => [thing.id, `n${at}`]))
  return [
    'digraph lineage {',
    '  rankdir=LR;',
    `  label=${quoted([title])};`,
    '  node [fontname="Helvetica", fontsize=11];',
    '  edge [fontname="Helvetica", fontsize=9];',
    ...things.map((thing) => `  ${names.get(thing.id)} [${dotThing(thing)}];`),
    ...links.map(({ source, target, label, isInferred }) => {
      const said = `label=${quoted([label])}${isInferred ? ', style=dashed' : ''}`
      return `  ${names.get(source)} -> ${names.get(target)} [${said}];`
    }),
    '}',
    '',
  ].join('\n')
}

/** What is drawn, as data: things with their ids, and links between these. */
export function jsonOf(title: string, { things, links }: Picture): string {
  return JSON.stringify(
    {
      title,
      nodes: things.map(({ id, kind, title, subtitle, marks, badges, isAskedFor, more, members }) => ({
        id,
        kind,
        name: title,
        about: subtitle,
        states: marks.map(({ word, count }) => (count === undefined ? { word } : { word, count })),
        badges,
        askedFor: isAskedFor,
        more,
        members,
      })),
      links: links.map(({ source, target, label, isInferred }) => ({ source, target, label, inferred: isInferred })),
    },
    null,
    2,
  )
}

/** A name for a file, of what any system takes. */
export function fileName(title: string, ending: string): string {
  const plain = title
    .replace(/[^\p{L}\p{N}._-]+/gu, '-')
    .replace(/^[-.]+|-+$/g, '')
    .slice(0, 80)
  return `${plain || 'graph'}.${ending}`
}

function dotThing(thing: Thing): string {
  const said = [`label=${quoted([thing.title, thing.subtitle, stateOf(thing)])}`, `shape=${SHAPES[thing.kind]}`]
  if (thing.isAskedFor) said.push('penwidth=2.5')
  if (thing.isQuiet) said.push('style=dashed')
  return said.join(', ')
}

function quoted(lines: readonly string[]): string {
  const escaped = lines.filter(Boolean).map((text) =>
    text
      .replace(/\p{Cc}/gu, ' ')
      .replace(/\\/g, '\\\\')
      .replace(/"/g, '\\"'),
  )
  return `"${escaped.join('\\n')}"`
}
