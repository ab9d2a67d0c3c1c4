/** Values as they stand side by side: long enough to be told apart, and no longer. Pure. */
import { shortened } from '../parts/wording'

const DIGEST = /\bsha256:[0-9a-f]{64}\b/g
const OF_DIGEST = 12 // digits, by which no two are the same by chance on one page
const MOST = 400

export function brief(text: string): string {
  const shown = text.replace(DIGEST, (digest) => `${digest.slice(0, 'sha256:'.length + OF_DIGEST)}…`)
  return shortened(shown, MOST)
}
