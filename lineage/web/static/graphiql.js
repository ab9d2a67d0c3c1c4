// Opens GraphiQL on the query of the address, and keeps the address in step with what is typed.
"use strict";

const parameters = new URLSearchParams(location.search);

// Relative, so that it works under any prefix.
async function fetcher(request) {
  const response = await fetch("graphql", {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/graphql-response+json, application/json" },
    body: JSON.stringify(request),
  });
  return response.json();
}

function remember(name) {
  return (text) => {
    if (text) parameters.set(name, text);
    else parameters.delete(name);
    history.replaceState(null, "", `?${parameters}`);
  };
}

const welcome = `# Ask what was recorded. Ctrl-Space shows what there is, Ctrl-Enter asks.
{
  runs(first: 5) {
    nodes {
      displayName
      phase
      startedAt
    }
  }
}
`;

ReactDOM.createRoot(document.getElementById("graphiql")).render(
  React.createElement(GraphiQL, {
    fetcher,
    defaultQuery: welcome,
    query: parameters.get("query") ?? undefined,
    variables: parameters.get("variables") ?? undefined,
    onEditQuery: remember("query"),
    onEditVariables: remember("variables"),
  }),
);
