// A real authorization server (npm's oidc-provider) for the tests of client credentials: it wants
// private_key_jwt and DPoP with its nonce. Arguments: the library's file, and JSON of {issuer, port,
// scope, client}.
import { pathToFileURL } from "node:url";

const { default: Provider } = await import(pathToFileURL(process.argv[2]).href);
const told = JSON.parse(process.argv[3]);
const api = "urn:varde:tests:api";

const provider = new Provider(told.issuer, {
  clients: [
    {
      ...told.client,
      grant_types: ["client_credentials"],
      response_types: [],
      redirect_uris: [],
      token_endpoint_auth_method: "private_key_jwt",
      dpop_bound_access_tokens: true,
    },
  ],
  clientAuthMethods: ["private_key_jwt"],
  cookies: { keys: ["for tests"] },
  scopes: [told.scope],
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    dPoP: { enabled: true, nonceSecret: Buffer.alloc(32, 7), requireNonce: () => true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => api,
      useGrantedResource: () => true,
      getResourceServerInfo: () => ({
        scope: told.scope,
        accessTokenFormat: "jwt",
        accessTokenTTL: 300,
      }),
    },
  },
});

provider.listen(told.port, "127.0.0.1", () => console.log("listening"));
