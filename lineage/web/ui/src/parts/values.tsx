/** Single values, as they stand in tables and lists. */
import { useEffect, useState } from 'preact/hooks'
import { texts } from '../texts'
import { Icon } from './icons'
import { durationText, exactText, momentText, shortened, sizeText } from './wording'

const COPIED_MILLISECONDS = 1_500

export function Moment({ at }: { at: string | null | undefined }) {
  if (!at) return <span class="quiet">{texts.words.none}</span>
  return (
    <time dateTime={at} title={exactText(at)}>
      {momentText(new Date(at), new Date())}
    </time>
  )
}

export function Duration({ seconds }: { seconds: number | null | undefined }) {
  if (seconds === null || seconds === undefined) return <span class="quiet">{texts.words.none}</span>
  return <span class="number">{durationText(seconds)}</span>
}

/** A size, which the API writes as text where a number would not hold it. */
export function Size({ bytes }: { bytes: number | string | null }) {
  if (bytes === null) return <span class="quiet">{texts.words.none}</span>
  return <span title={texts.words.bytes(bytes)}>{sizeText(Number(bytes))}</span>
}

/** An id, uri or digest: its middle left out where it is long, whole for who points at it or copies it. */
export function Identifier({ text, what, most = 40 }: { text: string; what: string; most?: number }) {
  return (
    <span class="identifier">
      <code title={text}>{shortened(text, most)}</code>
      <Copy text={text} what={what} />
    </span>
  )
}

export function Copy({ text, what }: { text: string; what: string }) {
  const [isDone, setDone] = useState(false)
  useEffect(() => {
    if (!isDone) return
    const waiting = setTimeout(() => setDone(false), COPIED_MILLISECONDS)
    return () => clearTimeout(waiting)
  }, [isDone])
  const label = isDone ? texts.words.copied : texts.words.copy(what)
  return (
    <button
      type="button"
      class="plain"
      aria-label={label}
      title={label}
      onClick={() => void navigator.clipboard?.writeText(text).then(() => setDone(true))}
    >
      <Icon name={isDone ? 'check' : 'copy'} />
    </button>
  )
}

export function ParameterValue({ value, redacted }: { value: string | null; redacted: boolean }) {
  if (value === null) return <span class="quiet">{texts.words.none}</span>
  if (redacted) {
    return (
      <span class="quiet" title={texts.words.redactedWhy}>
        {texts.words.redacted} <code>{shortened(value, 20)}</code>
      </span>
    )
  }
  return <code class="value">{value}</code>
}
