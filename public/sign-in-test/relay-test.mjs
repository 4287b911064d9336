/* Tests the relay from this browser: puts a message and takes it, as a severed sign-in does. */
import { faultOfRelayStatus } from './faults.mjs';

/** @typedef {import('./faults.mjs').Finding} Finding */

const PUT_TIMEOUT_MS = 30_000;
const TAKE_TIMEOUT_MS = 15_000; // after the message was put; the host delivers it at once
const SECOND_TAKE_TIMEOUT_MS = 1_000; // a cache responds within it; the host has nothing left to deliver
const MESSAGE_BYTES = 8 * 1024; // the limit of the relay

const INTERRUPTED = [204, 502, 504]; // statuses of a wait that ended early; the host did accept the message

/**
 * The first fault of the relay; undefined if it delivers a message unchanged and only once.
 * @returns {Promise<Finding | undefined>}
 */
export async function examineRelay() {
  const address = `relay/${hex(crypto.getRandomValues(new Uint8Array(32)))}`;
  const message = crypto.getRandomValues(new Uint8Array(MESSAGE_BYTES));
  const body = new Blob([message], { type: 'application/octet-stream' });
  const deadline = new AbortController();
  const taking = request(address, { signal: deadline.signal }); // before the message is put, as the app does
  const put = await request(address, { method: 'POST', body, signal: AbortSignal.timeout(PUT_TIMEOUT_MS) });
  setTimeout(() => deadline.abort(), put.status === 201 ? TAKE_TIMEOUT_MS : 0);
  if (put.status !== 201) return rejection('POST', put);
  const taken = await taking;
  if (INTERRUPTED.includes(taken.status) || deadline.signal.aborted) {
    const actual = taken.status ? `status ${taken.status}` : 'no response';
    return { fault: 'relay-late', actual: `GET relay/…: ${actual}` };
  }
  if (taken.status !== 200 || taken.isPage) return rejection('GET', taken);
  if (hex(taken.body) !== hex(message)) return { fault: 'relay-altered', actual: 'GET relay/…: another message' };
  const second = await request(address, { signal: AbortSignal.timeout(SECOND_TAKE_TIMEOUT_MS) });
  return second.status === 200 ? { fault: 'relay-cached', actual: 'GET relay/…: the message a second time' } : undefined;
}

/** @typedef {{status: number, body: Uint8Array, isPage: boolean, redirects: boolean}} RelayResponse `status` 0: none */

/**
 * Sends a request as the scripts of a sign-in do.
 * @param {string} address
 * @param {RequestInit} init
 * @returns {Promise<RelayResponse>}
 */
async function request(address, init) {
  try {
    const response = await fetch(address, { ...init, cache: 'no-store', credentials: 'omit', redirect: 'manual' });
    const body = new Uint8Array(await response.arrayBuffer());
    const isPage = (response.headers.get('Content-Type') ?? '').startsWith('text/html');
    return { status: response.status, body, isPage, redirects: response.type === 'opaqueredirect' };
  } catch {
    return { status: 0, body: new Uint8Array(), isPage: false, redirects: false };
  }
}

/** @type {(method: string, response: RelayResponse) => Finding} */
function rejection(method, { status, isPage, redirects }) {
  const where = `${method} relay/…: `;
  if (redirects) return { fault: 'relay-refused', actual: `${where}a redirect` };
  if (status === 0) return { fault: 'no-response', actual: `${where}no response` };
  if (status < 300) return { fault: 'relay-missing', actual: `${where}${isPage ? 'a page' : `status ${status}`}` };
  return { fault: faultOfRelayStatus(status), actual: `${where}status ${status}` };
}

/** @param {Uint8Array} bytes */
const hex = (bytes) => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
