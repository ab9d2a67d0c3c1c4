/** What of artifacts is asked for: from the state in the address to what the API takes. Pure. */
import type { ArtifactOrderField, ArtifactWhere } from '../../api/types'

export const FILTERS = ['text', 'type', 'uri', 'digest', 'state', 'origin'] as const
export const FIELDS: Readonly<Record<string, ArtifactOrderField>> = {
  name: 'NAME',
  created: 'CREATED_AT',
  size: 'SIZE',
}
export const NEWEST_FIRST = '-created'

const ALGORITHM = /^[a-z0-9]+:/

export function whereOf(params: Readonly<Record<string, string>>): ArtifactWhere {
  const digest = params.digest?.toLowerCase()
  return {
    ...(params.text && { name: { contains: params.text } }),
    ...(params.type && { type: { contains: params.type } }),
    ...(params.uri && { uri: { contains: params.uri } }),
    // Who has the beginning of a digest mostly has it without the name of its algorithm.
    ...(digest && { digest: { startsWith: ALGORITHM.test(digest) ? digest : `sha256:${digest}` } }),
    ...(params.state && { state: params.state as never }),
    ...(params.origin && { external: params.origin === 'outside' }),
  }
}
