// An independent OpenID provider for the tests: oidc-provider with the Swedish claims and a form of our own.
//   node provider.mjs PORT SETTINGS     SETTINGS: {"clients": [...], "par": true, "claims": true} as JSON
import * as crypto from 'node:crypto';
import { Provider } from 'oidc-provider';

const [port, settings] = [Number(process.argv[2]), JSON.parse(process.argv[3])];
const issuer = `http://eid.localhost:${port}`;
const NUMBER = 'https://id.oidc.se/claim/personalIdentityNumber';

const key = (type, options, alg) => ({
  ...crypto.generateKeyPairSync(type, options).privateKey.export({ format: 'jwk' }), alg, use: 'sig',
});

const provider = new Provider(issuer, {
  acrValues: ['loa2', 'loa3'].map((level) => `http://id.swedenconnect.se/loa/1.0/uncertified-${level}`),
  claims: {
    openid: ['sub'],
    email: ['email', 'email_verified'],
    'https://id.oidc.se/scope/naturalPersonInfo': ['name', 'given_name', 'family_name'],
    'https://id.oidc.se/scope/naturalPersonNumber': [NUMBER],
  },
  clients: settings.clients,
  clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'private_key_jwt'],
  enabledJWA: { idTokenSigningAlgValues: ['ES256', 'PS256', 'RS256'] },
  features: {
    claimsParameter: { enabled: settings.claims },
    devInteractions: { enabled: false },
    pushedAuthorizationRequests: { enabled: settings.par },
  },
  findAccount: (ctx, number) => ({
    accountId: number,
    claims: () => ({
      sub: number,
      email: number,
      email_verified: !number.startsWith('unverified'),
      name: 'Amina Lindqvist',
      given_name: 'Amina',
      family_name: 'Lindqvist',
      [NUMBER]: number,
    }),
  }),
  interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
  jwks: {
    keys: [key('ec', { namedCurve: 'P-256' }, 'ES256'), key('rsa', { modulusLength: 2048 }, 'RS256')],
  },
  loadExistingGrant: async (ctx) => {
    const grant = new ctx.oidc.provider.Grant({
      accountId: ctx.oidc.session.accountId, clientId: ctx.oidc.client.clientId,
    });
    grant.addOIDCScope([...ctx.oidc.requestParamScopes].join(' '));
    grant.addOIDCClaims([...ctx.oidc.requestParamClaims]);
    await grant.save();
    return grant;
  },
  pkce: { required: () => true },
  renderError: (ctx, out) => { ctx.type = 'json'; ctx.body = out; },
});

const read = async (request) => {
  let text = '';
  for await (const part of request) text += part;
  return Object.fromEntries(new URLSearchParams(text));
};

provider.use(async (ctx, next) => {
  if (!ctx.path.startsWith('/interaction/')) return next();
  if (ctx.method === 'GET') {
    ctx.type = 'html';
    ctx.body = `<form method="post" action="${ctx.path}"></form>`;
    return undefined;
  }
  const form = await read(ctx.req);
  const result = form.action === 'cancel'
    ? { error: 'access_denied' }
    : { login: { accountId: form.pnr, acr: form.acr || undefined, remember: false } };
  ctx.redirect(await provider.interactionResult(ctx.req, ctx.res, result));
  ctx.status = 303;
  return undefined;
});

provider.listen(port, '127.0.0.1');
for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => process.exit(0));
