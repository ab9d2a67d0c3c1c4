/** The deployments, or the one of an id. */
import type { ScreenProps } from '..'
import { DeploymentsScreen } from './list'
import { DeploymentScreen } from './one'

export function DeploymentScreens({ path, params }: ScreenProps) {
  const [id] = path
  return id ? <DeploymentScreen id={id} /> : <DeploymentsScreen params={params} />
}
