// A real OAuth 2 authorization server for Lanyard's tests, on loopback only.
// The server is the npm package oidc-provider; this file only configures it.
//
// Environment (all optional):
//   PORT          port to listen on                              (9010)
//   CALLBACKS     comma-separated redirect URIs                  (http://127.0.0.1:8080/callback)
//   ACCESS_TTL    access token lifetime in seconds               (60)
//   REFRESH_TTL   refresh token lifetime in seconds              (3600)
//   ROTATE        1: every refresh gives a new refresh token and
//                 reuse of an old one revokes the whole grant    (1)
//   TOKEN_DELAY   milliseconds the token endpoint waits before
//                 it answers, after it has done its work         (0)
//   LOG           file that gets one JSON line per event
//
// Besides oidc-provider's own events, LOG gets one line per request to the token
// and revocation endpoints, with its grant type and the status of the answer,
// written before the answer leaves: what a client never saw is counted too.
// POST /control/token-delay?ms=N changes TOKEN_DELAY while the peer runs.
// POST /control/claims?sub=S&claims=JSON says what the userinfo endpoint tells of the account S. Until then, whoever
// signs in with an e-mail address has that address, verified.
import { appendFileSync } from 'node:fs';
import Provider from 'oidc-provider';

const port = Number(process.env.PORT || 9010);
const issuer = `http://127.0.0.1:${port}`;
const callbacks = (process.env.CALLBACKS || 'http://127.0.0.1:8080/callback').split(',');
const accessTtl = Number(process.env.ACCESS_TTL || 60);
const refreshTtl = Number(process.env.REFRESH_TTL || 3600);
const rotate = (process.env.ROTATE || '1') === '1';
const told = new Map(); // claims by account
let tokenDelay = Number(process.env.TOKEN_DELAY || 0);
const log = (o) => {
  const line = JSON.stringify({ at: new Date().toISOString(), ...o });
  console.log(line);
  if (process.env.LOG) appendFileSync(process.env.LOG, line + '\n');
};

const web = {
  redirect_uris: callbacks,
  response_types: ['code'],
  scope: 'openid offline_access read write email profile groups',
};
const clients = [
  { ...web, client_id: 'web-basic', client_secret: 'web-basic-secret',
    grant_types: ['authorization_code', 'refresh_token'],
    token_endpoint_auth_method: 'client_secret_basic' },
  // reserved characters: RFC 6749 2.3.1 wants both halves form-encoded before base64
  { ...web, client_id: 'web basic+odd', client_secret: 'p@ss:w/rd %+&=',
    grant_types: ['authorization_code', 'refresh_token'],
    token_endpoint_auth_method: 'client_secret_basic' },
  { ...web, client_id: 'web-post', client_secret: 'web-post-secret',
    grant_types: ['authorization_code', 'refresh_token'],
    token_endpoint_auth_method: 'client_secret_post' },
  { ...web, client_id: 'public-pkce',
    grant_types: ['authorization_code', 'refresh_token'],
    token_endpoint_auth_method: 'none' },
  { client_id: 'machine', client_secret: 'machine-secret',
    grant_types: ['client_credentials'], redirect_uris: [], response_types: [],
    scope: 'read write', token_endpoint_auth_method: 'client_secret_basic' },
  { client_id: 'device', grant_types: ['urn:ietf:params:oauth:grant-type:device_code', 'refresh_token'],
    redirect_uris: [], response_types: [], scope: 'openid offline_access read',
    token_endpoint_auth_method: 'none', application_type: 'native' },
];

const provider = new Provider(issuer, {
  clients,
  scopes: ['openid', 'offline_access', 'read', 'write', 'email', 'profile', 'groups'],
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'], groups: ['groups'] },
  cookies: { keys: ['test-only'] },
  features: {
    devInteractions: { enabled: true },
    clientCredentials: { enabled: true },
    deviceFlow: { enabled: true },
    introspection: { enabled: true },
    revocation: { enabled: true },
  },
  pkce: { required: (_ctx, client) => client.clientId === 'public-pkce' },
  issueRefreshToken: async (_ctx, client) => client.grantTypeAllowed('refresh_token'),
  rotateRefreshToken: rotate,
  ttl: {
    AccessToken: accessTtl, ClientCredentials: accessTtl, RefreshToken: refreshTtl,
    AuthorizationCode: 60, Grant: 86400, Session: 86400, Interaction: 600, IdToken: 300, DeviceCode: 300,
  },
  findAccount: async (_ctx, id) => ({ accountId: id, claims: async () => ({ sub: id, ...(told.get(id) || (id.includes('@') ? { email: id, email_verified: true } : {})) }) }),
});

for (const ev of ['grant.success', 'grant.error', 'grant.revoked', 'refresh_token.consumed',
  'access_token.issued', 'refresh_token.saved', 'server_error']) {
  provider.on(ev, (a, b) => {
    const ctx = a && a.oidc ? a : b && b.oidc ? b : undefined;
    const err = a instanceof Error ? a : b instanceof Error ? b : undefined;
    log({ ev, grant_type: ctx?.oidc?.params?.grant_type, client: ctx?.oidc?.client?.clientId,
      grantId: (a && a.grantId) || (typeof b === 'string' ? b : undefined),
      error: err && err.message, detail: err && err.error_detail });
  });
}

// Outermost middleware: an optional slow answer from the token endpoint (the
// work is done first, so a client that gives up has lost a rotated token), and
// GET|POST /api/whoami, which wants a live bearer token from this server.
const logged = { '/token': 'token_request', '/token/revocation': 'revocation_request' };
provider.use(async (ctx, next) => {
  if (ctx.path === '/control/token-delay' && ctx.method === 'POST') {
    tokenDelay = Number(ctx.query.ms);
    ctx.status = 204;
    return;
  }
  if (ctx.path === '/control/claims' && ctx.method === 'POST') {
    told.set(ctx.query.sub, JSON.parse(ctx.query.claims));
    ctx.status = 204;
    return;
  }
  if (ctx.path === '/api/whoami') {
    const m = /^Bearer (\S+)$/i.exec(ctx.get('authorization'));
    const t = m && ((await provider.AccessToken.find(m[1])) || (await provider.ClientCredentials.find(m[1])));
    if (!t || t.isExpired) {
      ctx.status = 401;
      ctx.set('WWW-Authenticate', 'Bearer error="invalid_token"');
      ctx.body = { error: 'invalid_token' };
    } else {
      ctx.body = { sub: t.accountId, client: t.clientId, scope: t.scope, exp: t.exp };
    }
    return;
  }
  await next();
  if (logged[ctx.path]) {
    log({ ev: logged[ctx.path], grant_type: ctx.oidc?.params?.grant_type, client: ctx.oidc?.client?.clientId,
      status: ctx.status, error: ctx.body?.error });
  }
  if (ctx.path === '/token' && tokenDelay) await new Promise((r) => setTimeout(r, tokenDelay));
});

provider.listen(port, '127.0.0.1', () => log({ ev: 'listening', issuer }));
