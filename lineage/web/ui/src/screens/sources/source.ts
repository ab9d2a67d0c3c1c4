/** Sources, and the times in which nobody watched them. Pure. */
import type { Answer } from '../../api/queries'

export type Source = Answer<'page-sources'>['ingestion']['sources'][number]
export type Gap = Source['gaps']['nodes'][number]

/** By what one source is told from others, in the address, too. */
export function keyOf({ cluster, namespace, name }: Source): string {
  return [cluster, namespace, name].join('/')
}

/** How long a gap lasted; null while it does. */
export function lastsSeconds({ from, to }: Gap): number | null {
  return to ? (Date.parse(to) - Date.parse(from)) / 1_000 : null
}
