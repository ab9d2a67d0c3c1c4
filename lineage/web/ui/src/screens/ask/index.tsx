/** What can be asked: the saved queries, each to be opened in GraphiQL and changed there. */
import { Screen } from '../../parts/screen'
import { Table } from '../../parts/table'
import { texts } from '../../texts'
import { SAVED_QUERIES } from './saved-queries'

export function AskScreen() {
  return (
    <Screen
      title={texts.ask.title}
      beside={
        <a class="button" href="graphiql">
          {texts.ask.graphiql}
        </a>
      }
    >
      <p class="lead">{texts.ask.lead}</p>
      <Table
        caption={texts.ask.title}
        keyOf={(query) => query.name}
        rows={SAVED_QUERIES}
        columns={[
          {
            id: 'question',
            title: texts.ask.question,
            cell: (query) => <a href={`graphiql?query=${encodeURIComponent(query.text)}`}>{query.question}</a>,
          },
          { id: 'name', title: texts.ask.name, cell: (query) => <code>{query.name}</code> },
          {
            id: 'needs',
            title: texts.ask.needs,
            cell: (query) => <span class="quiet">{query.needs.join(', ') || texts.words.none}</span>,
          },
        ]}
      />
    </Screen>
  )
}
