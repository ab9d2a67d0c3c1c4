/**
 * Where one is, and all of its state: the part of the address after `#`, such as `#/runs?phase=FAILED`.
 *
 * It lives behind `#` so that the page works under any prefix, and in the frame of another page, without its server knowing.
 */
export interface Address {
  /** The parts of the path, decoded: `['runs', 'UnVuOjE=']`. */
  readonly path: readonly string[]
  readonly params: Readonly<Record<string, string>>
}

export type Params = Readonly<Record<string, string | null | undefined>>

/** Read an address; what cannot be decoded stands as it is. */
export function readAddress(hash: string): Address {
  const [path = '', query = ''] = split(hash.replace(/^#?\/?/, ''), '?')
  return {
    path: path.split('/').filter(Boolean).map(decoded),
    params: Object.fromEntries(new URLSearchParams(query)),
  }
}

/** Write an address: a link to it. What is null or empty is left out. */
export function address(path: readonly string[], params: Params = {}): string {
  const query = new URLSearchParams(
    Object.entries(params).filter((entry): entry is [string, string] => Boolean(entry[1])),
  ).toString()
  return `#/${path.map(encodeURIComponent).join('/')}${query && `?${query}`}`
}

function split(text: string, at: string): [string, string] {
  const place = text.indexOf(at)
  return place < 0 ? [text, ''] : [text.slice(0, place), text.slice(place + 1)]
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}
