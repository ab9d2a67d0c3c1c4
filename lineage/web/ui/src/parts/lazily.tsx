import type { ComponentType } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { Refused } from '../api/client'
import { Failure, Loading } from './states'

/** A component that is fetched when it is needed; `fetched` has it fetched ahead, by who knows that it will be. */
export type Lazy<P> = ComponentType<P> & { readonly fetched?: () => void }

/** A component that is fetched when it is first shown, so that nobody waits for what is not looked at. */
export function lazily<P extends object>(fetch: () => Promise<ComponentType<P>>): Lazy<P> {
  let there: ComponentType<P> | undefined
  function Lazily(props: P) {
    const [, drawAgain] = useState(0)
    const [error, setError] = useState<Refused>()
    useEffect(() => {
      if (there) return
      fetch().then(
        (component) => {
          there = component
          drawAgain((times) => times + 1)
        },
        () => setError(new Refused('', 'UNREACHABLE')),
      )
    }, [])
    if (there) {
      const Shown = there
      return <Shown {...props} />
    }
    return error ? <Failure error={error} again={() => location.reload()} /> : <Loading />
  }
  return Object.assign(Lazily, { fetched: () => void fetch().catch(() => undefined) })
}
