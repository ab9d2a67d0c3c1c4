/**
 * Within Kubeflow's central dashboard, which shows us in a frame: the namespace that is chosen there is the one whose runs are listed.
 *
 * Source: kubeflow/kubeflow, components/centraldashboard/public/library.js.
 */
import { useEffect, useState } from 'preact/hooks'
import { readAddress } from './address/address'
import { change } from './address/use-address'

/** The screens that can be narrowed to a namespace by `namespace` in their address. */
export const NAMESPACED: readonly string[] = ['runs', 'recurring', 'experiments', 'deployments', 'audit']

let chosen: string | null = null
const watchers = new Set<(namespace: string | null) => void>()

/** Tell the dashboard that we are there, and do as it says. Called once. */
export function joinDashboard(): void {
  const told = new URLSearchParams(location.search).get('ns')
  if (told) choose(told)
  if (parent === window) return
  addEventListener('message', ({ origin, source, data }: MessageEvent) => {
    if (origin !== location.origin || source !== parent) return
    if (data?.type === 'namespace-selected' && typeof data.value === 'string') choose(data.value)
    if (data?.type === 'all-namespaces') choose(null)
  })
  parent.postMessage({ type: 'iframe-connected' }, location.origin)
}

/** The namespace that is chosen around us; null where none is. */
export function useChosenNamespace(): string | null {
  const [namespace, setNamespace] = useState(chosen)
  useEffect(() => {
    setNamespace(chosen)
    watchers.add(setNamespace)
    return () => void watchers.delete(setNamespace)
  }, [])
  return namespace
}

function choose(namespace: string | null): void {
  chosen = namespace
  for (const watcher of watchers) watcher(namespace)
  const [head = 'runs', id] = readAddress(location.hash).path
  if (!id && NAMESPACED.includes(head)) change({ namespace, after: null, before: null }, { replace: true })
}
