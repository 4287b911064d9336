/*
 * A sign-in by authorization code with PKCE, as the widget does it (RFC 6749 §4.1, RFC 7636, RFC 7009).
 *
 * Its secrets (verifier, code and token) are only in the variables of one sign-in, and are sent only to the API server.
 */

/**
 * @typedef {{server: string, clientId: string, redirectUri: string}} App
 * @typedef {{verifier: string, challenge: string}} Pair
 */

const VERIFIER_BYTES = 32; // RFC 7636 §4.1
const RESPONSE_TIMEOUT_MS = 20_000;

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

/** A state in the widget's format: the part after the first `-` names the sign-in to the redirect page. */
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
 * The code or the error in a callback.
 * @param {string} callback
 * @returns {{code: string} | {error: string, actual: string}}
 */
export function readCallback(callback) {
  const query = new URL(callback).searchParams;
  const error = query.get('error');
  const code = query.get('code');
  if (code && error === null) return { code };
  return { error: error ?? '', actual: [error, query.get('error_description')].filter(Boolean).join(': ') };
}

/**
 * Exchanges the code for a token, reads its scopes, and revokes it.
 * @param {App} app
 * @param {string} code
 * @param {string} verifier
 * @returns {Promise<{scopes: string[], isRevoked: boolean} | {error: string, actual: string}>} `error` is an OAuth error,
 *   empty if there was none, or 'unreadable' if there was no response that a page may read
 */
export async function fetchScopes({ server, clientId, redirectUri }, code, verifier) {
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
    return { error: status === 0 ? 'unreadable' : error, actual: status ? `status ${status} ${error}`.trim() : 'no response' };
  }
  // keepalive: the token is revoked even if the user leaves the page.
  const revoked = await post(`${server}/restapi/oauth/revoke`, { token, client_id: clientId }, { keepalive: true });
  return { scopes: String(body.scope ?? '').split(/[\s,]+/).filter(Boolean), isRevoked: revoked.status === 200 };
}

/**
 * @param {string} address
 * @param {Record<string, string>} fields
 * @param {RequestInit} init
 * @returns {Promise<{status: number, body: Record<string, unknown>}>} `status` 0: no response
 */
async function post(address, fields, init = {}) {
  try {
    const response = await fetch(address, {
      method: 'POST',
      body: new URLSearchParams(fields),
      cache: 'no-store',
      credentials: 'omit',
      referrerPolicy: 'no-referrer',
      redirect: 'error',
      signal: AbortSignal.timeout(RESPONSE_TIMEOUT_MS),
      ...init,
    });
    const body = await response.json().catch(() => ({}));
    return { status: response.status, body: Object(body) };
  } catch {
    return { status: 0, body: {} };
  }
}
