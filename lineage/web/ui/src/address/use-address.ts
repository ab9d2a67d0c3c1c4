import { useEffect, useState } from 'preact/hooks'
import { type Address, address, type Params, readAddress } from './address'

/** Where one is, at each moment. */
export function useAddress(): Address {
  const [hash, setHash] = useState(location.hash)
  useEffect(() => {
    const moved = () => setHash(location.hash)
    moved()
    addEventListener('hashchange', moved)
    return () => removeEventListener('hashchange', moved)
  }, [])
  return readAddress(hash)
}

/** Go to another address; Back comes back. */
export function go(path: readonly string[], params: Params = {}): void {
  location.hash = address(path, params)
}

/** Change some of the state of the screen; what is null is taken away. `replace`: Back does not come back to what was before. */
export function change(params: Params, { replace = false } = {}): void {
  const now = readAddress(location.hash)
  const next = address(now.path, { ...now.params, ...params })
  if (next === location.hash) return
  if (replace) {
    history.replaceState(null, '', next)
    dispatchEvent(new HashChangeEvent('hashchange'))
  } else {
    location.hash = next
  }
}
