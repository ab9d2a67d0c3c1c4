export const ask = {
  title: 'Ask',
  lead: 'All that the page shows is asked of a GraphQL API that is open to you as well. These questions are saved; each can be opened, changed and asked anew.',
  graphiql: 'Open GraphiQL',
  question: 'Question',
  name: 'Name',
  needs: 'Needs',
}
