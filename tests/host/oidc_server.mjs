// A real OpenID Provider (npm's oidc-provider) for the tests of logging in.
// Arguments: the library's file, and JSON of {issuer, port, clients, accounts}.
// Instead of a password it asks which of the accounts somebody is.
import { pathToFileURL } from "node:url";

const { default: Provider } = await import(pathToFileURL(process.argv[2]).href);
const told = JSON.parse(process.argv[3]);

const provider = new Provider(told.issuer, {
  clients: told.clients,
  cookies: { keys: ["for tests"] },
  claims: { openid: ["sub"], groups: ["groups", "name", "pid", "short_id"] },
  conformIdTokenClaims: told.onlyUserinfo ?? false,
  acrValues: ["two-factors"],
  features: {
    devInteractions: { enabled: false },
    rpInitiatedLogout: { enabled: true },
  },
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  async findAccount(_, id) {
    const account = told.accounts[id];
    return account && { accountId: id, claims: async () => ({ sub: id, ...account }) };
  },
  async loadExistingGrant(ctx) {
    const grant = new ctx.oidc.provider.Grant({
      clientId: ctx.oidc.client.clientId,
      accountId: ctx.oidc.session.accountId,
    });
    grant.addOIDCScope("openid groups");
    await grant.save();
    return grant;
  },
});

provider.use(async (ctx, next) => {
  if (!ctx.path.startsWith("/interaction/")) return next();
  const { uid } = await provider.interactionDetails(ctx.req, ctx.res);
  if (ctx.query.as) {
    const result = { login: { accountId: ctx.query.as } };
    return provider.interactionFinished(ctx.req, ctx.res, result);
  }
  const links = Object.keys(told.accounts).map(
    (name) => `<li><a href="/interaction/${uid}?as=${name}">${name}</a></li>`,
  );
  ctx.type = "html";
  ctx.body = `<!doctype html><html lang="en"><title>Provider</title><ul>${links.join("")}</ul>`;
});

provider.listen(told.port, "127.0.0.1", () => console.log("listening"));
