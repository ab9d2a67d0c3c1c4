// An OpenID provider for tests: the certified `oidc-provider`, which gives tokens to one client that knows its secret.
//
// It takes from its first argument, as JSON, what it calls itself, its port on 127.0.0.1, and its keys. Whoever asks for
// a token says for whom it is to be (`resource`), and may say how long it is good (`ttl`), how it is signed (`alg`) and
// what else it says (`said`, as JSON).
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const installed = createRequire(`${process.cwd()}/`);
const { Provider } = await import(pathToFileURL(installed.resolve('oidc-provider')));
const { issuer, port, keys } = JSON.parse(process.argv[2]);
const asked = (ctx, name, otherwise) => ctx.oidc.body?.[name] ?? otherwise;

const provider = new Provider(issuer, {
  jwks: { keys },
  clients: [{
    client_id: 'tester', client_secret: 'tester', grant_types: ['client_credentials'], redirect_uris: [], response_types: [],
  }],
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: (ctx, resource) => ({
        scope: '',
        audience: resource,
        accessTokenTTL: Number(asked(ctx, 'ttl', 300)),
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg: asked(ctx, 'alg', 'RS256') } },
      }),
    },
  },
  extraTokenClaims: (ctx) => JSON.parse(asked(ctx, 'said', '{}')),
  extraParams: ['ttl', 'alg', 'said'],
});
provider.listen(port, '127.0.0.1');
