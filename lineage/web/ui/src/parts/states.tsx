/** What stands where nothing can be shown: three different things. */
import type { ComponentChildren } from 'preact'
import { NOT_FOUND, Refused } from '../api/client'
import type { Answered } from '../api/use-answer'
import { texts } from '../texts'

export function Loading() {
  return (
    <p class="state state-loading" role="status">
      {texts.states.loading}
    </p>
  )
}

export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="state state-empty">
      <p class="state-title">{title}</p>
      {children}
    </div>
  )
}

export function Failure({ error, again }: { error: Refused; again?: () => void }) {
  return (
    <div class="state state-failed" role="alert">
      <p class="state-title">{texts.states.failed}</p>
      <p>{reason(error)}</p>
      {error.requestId && <p class="quiet">{texts.states.request(error.requestId)}</p>}
      {again && (
        <button type="button" onClick={again}>
          {texts.states.again}
        </button>
      )}
    </div>
  )
}

/** For an id of something else, which the server answers well. */
export function NotFound() {
  return <Failure error={new Refused('', NOT_FOUND)} />
}

/** Show an answer, or what stands for it until it is there. */
export function Shown<T>({ of, children }: { of: Answered<T>; children: (data: T) => ComponentChildren }) {
  switch (of.state) {
    case 'loading':
      return <Loading />
    case 'failed':
      return <Failure error={of.error} again={of.again} />
    case 'answered':
      return (
        <div class={of.isOld ? 'is-old' : undefined} aria-busy={of.isOld}>
          {of.trouble && (
            <p class="trouble" role="alert">
              {texts.states.trouble} {reason(of.trouble)}
            </p>
          )}
          {children(of.data)}
        </div>
      )
  }
}

function reason(error: Refused): string {
  if (error.code === 'UNREACHABLE') return texts.states.unreachable
  if (error.code === NOT_FOUND) return texts.states.notFound
  return error.message
}
