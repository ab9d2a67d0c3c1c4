import { render } from 'preact'
import { follow } from './api/live'
import { App } from './app'
import { joinDashboard } from './dashboard'
import { applyTheme } from './theme'

applyTheme()
joinDashboard()
render(<App />, document.getElementById('page') as HTMLElement)
follow()
