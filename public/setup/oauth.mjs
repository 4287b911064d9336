/*
 * A sign-in by authorization code with PKCE, asked for as the widget does (RFC 6749 §4.1, RFC 7636, RFC 7009).
 *
 * What is secret of it, verifier, code and token, is in the variables of one sign-in and nowhere else, and goes to the
 * API server alone.
 */

/**
 * @typedef {{server: string, clientId: string, redirectUri: string}} App
 * @typedef {{verifier: string, challenge: string}} Pair
 */

const VERIFIER_BYTES = 32; // RFC 7636 §4.1
const TIMEOUT = 20_000; // ms for an answer of the API server

/** @returns {Promise<Pair>} */
export async function newPair() {
  const verifier = base64url(crypto.getRandomValues(new Uint8Array(VERIFIER_BYTES)));
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier));
  return { verifier, challenge: base64url(new Uint8Array(digest)) };
}

/** @param {Uint8Array} bytes */
function base64url(bytes) {
  return btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** As the widget writes it: what stands behind the first `-` names the sign-in to the redirect page. */
export function newState() {
  return `${btoa(`${Date.now()}`)}-undefined-${encodeURIComponent(btoa(crypto.randomUUID()))}`;
}

/** @type {(app: App, state: string, challenge: string) => string} */
export function authorizeAddress({ server, clientId, redirectUri }, state, challenge) {
  const query = new URLSearchParams({
    response_type: 'code',
    redirect_uri: redirectUri,
    client_id: clientId,
    state,
    display: 'page',
    code_challenge: challenge,
    code_challenge_method: 'S256',
  });
  return `${server}/restapi/oauth/authorize?${query}`;
}

/**
 * What a window came back with.
 * @param {string} answer its whole address
 * @returns {{code: string} | {error: string, actual: string}}
 */
export function readAnswer(answer) {
  const given = new URL(answer).searchParams;
  const error = given.get('error');
  const code = given.get('code');
  if (code && error === null) return { code };
  return { error: error ?? '', actual: [error, given.get('error_description')].filter(Boolean).join(': ') };
}

/**
 * Changes the code for a token, reads which scopes it has, and gives it back.
 * @param {App} app
 * @param {string} code
 * @param {string} verifier
 * @returns {Promise<{scopes: string[], isRevoked: boolean} | {error: string, actual: string}>} `error` is empty where it
 *   is none of OAuth's, and 'unreadable' where no answer came that a page may read
 */
export async function learnScopes({ server, clientId, redirectUri }, code, verifier) {
  const { status, body } = await post(`${server}/restapi/oauth/token`, {
    grant_type: 'authorization_code',
    code,
    redirect_uri: redirectUri,
    client_id: clientId,
    code_verifier: verifier,
  });
  const token = body.access_token;
  if (typeof token !== 'string') {
    const error = typeof body.error === 'string' ? body.error : '';
    return { error: status === 0 ? 'unreadable' : error, actual: status ? `status ${status} ${error}`.trim() : 'no answer' };
  }
  // A page that is left meanwhile still gives it back.
  const revoked = await post(`${server}/restapi/oauth/revoke`, { token, client_id: clientId }, { keepalive: true });
  return { scopes: String(body.scope ?? '').split(/[\s,]+/).filter(Boolean), isRevoked: revoked.status === 200 };
}

/**
 * @param {string} address
 * @param {Record<string, string>} fields
 * @param {RequestInit} further
 * @returns {Promise<{status: number, body: Record<string, unknown>}>} status 0: no answer came
 */
async function post(address, fields, further = {}) {
  try {
    const answer = await fetch(address, {
      method: 'POST',
      body: new URLSearchParams(fields),
      cache: 'no-store',
      credentials: 'omit',
      referrerPolicy: 'no-referrer',
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT),
      ...further,
    });
    const body = await answer.json().catch(() => ({}));
    return { status: answer.status, body: Object(body) };
  } catch {
    return { status: 0, body: {} };
  }
}
