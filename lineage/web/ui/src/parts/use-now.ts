import { useEffect, useState } from 'preact/hooks'

const MINUTE_MILLISECONDS = 60_000

/** The minute that it is, so that what depends on it is asked for once a minute and not with each drawing. */
export function useMinute(): Date {
  const [now, setNow] = useState(minute)
  useEffect(() => {
    const ticking = setInterval(() => setNow(minute()), MINUTE_MILLISECONDS)
    return () => clearInterval(ticking)
  }, [])
  return now
}

function minute(): Date {
  return new Date(Math.floor(Date.now() / MINUTE_MILLISECONDS) * MINUTE_MILLISECONDS)
}
