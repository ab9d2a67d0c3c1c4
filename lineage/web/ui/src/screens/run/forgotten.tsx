/** In the place of what is not known of a run any more. */
import { Empty } from '../../parts/states'
import { texts } from '../../texts'

export function Forgotten() {
  return (
    <Empty title={texts.run.forgotten}>
      <p>{texts.run.forgottenWhy}</p>
    </Empty>
  )
}
