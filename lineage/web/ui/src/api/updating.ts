/** When something is asked for again that changes: soon, not too often, and not while nobody sees it. */
export const UPDATE_MILLISECONDS = 500

export interface Updating {
  /** Something has changed. */
  readonly changed: () => void
  /** The page is seen again, or no longer. */
  readonly seen: () => void
  readonly end: () => void
}

export function updating(update: () => void, isHidden: () => boolean): Updating {
  let waiting: ReturnType<typeof setTimeout> | undefined
  let isOwed = false
  const due = () => {
    waiting = undefined
    isOwed = isHidden()
    if (!isOwed) update()
  }
  return {
    changed: () => {
      waiting ??= setTimeout(due, UPDATE_MILLISECONDS)
    },
    seen: () => {
      if (isOwed && !isHidden()) due()
    },
    end: () => clearTimeout(waiting),
  }
}
