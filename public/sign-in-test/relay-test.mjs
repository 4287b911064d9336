/* The relay as this browser finds it: leaves a letter with the host and takes it, as a severed sign-in does. */

/** @typedef {import('./examine.mjs').Finding} Finding */

const TIMEOUT = 10_000; // ms
const LATE = 5_000; // ms after which nobody gets what was left any more
const AGAIN = 1_000; // ms in which a cache answers, and the host is silent about what is not there
const MESSAGE_BYTES = 8 * 1024; // the most that an answer can have

/** What stands behind a status that is not the host's to a right question. */
const STATUSES = /** @type {Record<number, string>} */ ({
  400: 'relay-stripped',
  411: 'relay-stripped',
  415: 'relay-stripped',
  401: 'relay-refused',
  403: 'relay-refused',
  407: 'relay-refused',
  404: 'relay-missing',
  405: 'relay-missing',
  410: 'relay-missing',
  501: 'relay-missing',
  413: 'relay-cut',
  429: 'relay-limited',
  503: 'relay-full',
  507: 'relay-full',
  502: 'host-down',
  504: 'host-down',
});
const CUT_OFF = [204, 502, 504]; // while it waited: to the letter itself the host has answered

/**
 * What is wrong with the relay; nothing where a letter is taken as it was left, and once.
 * @returns {Promise<Finding | undefined>}
 */
export async function examineRelay() {
  const address = `relay/${hex(crypto.getRandomValues(new Uint8Array(32)))}`;
  const letter = crypto.getRandomValues(new Uint8Array(MESSAGE_BYTES));
  const body = new Blob([letter], { type: 'application/octet-stream' });
  const waiting = new AbortController();
  const taking = ask(address, { signal: waiting.signal }); // before it is left, as the app does
  const left = await ask(address, { method: 'POST', body, signal: AbortSignal.timeout(TIMEOUT) });
  setTimeout(() => waiting.abort(), left.status === 201 ? LATE : 0);
  if (left.status !== 201) return refused('POST', left);
  const taken = await taking;
  if (CUT_OFF.includes(taken.status) || waiting.signal.aborted) {
    return { fault: 'relay-late', actual: `GET relay/…: ${taken.status ? `status ${taken.status}` : 'nothing came'}` };
  }
  if (taken.status !== 200 || taken.isPage) return refused('GET', taken);
  if (hex(taken.body) !== hex(letter)) return { fault: 'relay-altered', actual: 'GET relay/…: not what was left' };
  const again = await ask(address, { signal: AbortSignal.timeout(AGAIN) });
  return again.status === 200 ? { fault: 'relay-cached', actual: 'GET relay/…: the same a second time' } : undefined;
}

/** @typedef {{status: number, body: Uint8Array, isPage: boolean, redirects: boolean}} Told status 0: no answer came */

/**
 * Asks as the scripts of a sign-in do.
 * @param {string} address
 * @param {RequestInit} request
 * @returns {Promise<Told>}
 */
async function ask(address, request) {
  try {
    const answer = await fetch(address, { ...request, cache: 'no-store', credentials: 'omit', redirect: 'manual' });
    const body = new Uint8Array(await answer.arrayBuffer());
    const isPage = (answer.headers.get('Content-Type') ?? '').startsWith('text/html');
    return { status: answer.status, body, isPage, redirects: answer.type === 'opaqueredirect' };
  } catch {
    return { status: 0, body: new Uint8Array(), isPage: false, redirects: false };
  }
}

/** @type {(method: string, told: Told) => Finding} */
function refused(method, { status, isPage, redirects }) {
  const what = `${method} relay/…: `;
  if (redirects) return { fault: 'relay-refused', actual: `${what}a redirect` };
  if (status === 0) return { fault: 'no-response', actual: `${what}no answer` };
  if (status < 300) return { fault: 'relay-missing', actual: `${what}${isPage ? 'a page' : `status ${status}`}` };
  return { fault: STATUSES[status] ?? 'status', actual: `${what}status ${status}` };
}

/** @param {Uint8Array} bytes */
const hex = (bytes) => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
