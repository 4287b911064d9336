/* Compares a page of a sign-in, as this browser receives it, with what the host sends: a difference was made in between. */
import { faultOfStatus } from './faults.mjs';

const RESPONSE_TIMEOUT_MS = 30_000;

/**
 * @typedef {{sha256: string, headers: Record<string, string>}} Expected
 * @typedef {import('./faults.mjs').Finding} Finding
 */

const VALUES = /"texts": ?\{/; // in each such page of the host, a team's own included
const UNFRAMED = "frame-ancestors 'none'";

const CSP = 'Content-Security-Policy';

/** @typedef {{fault: string, name: string, isWrong: (actual: string, expected: string, policy: string) => boolean}} HeaderRule */

/** The faults in headers; the first that applies is reported. */
const HEADER_RULES = /** @type {HeaderRule[]} */ ([
  {
    fault: 'opener-policy',
    name: 'Cross-Origin-Opener-Policy',
    isWrong: (actual) => !['', 'unsafe-none'].includes(actual),
  },
  {
    fault: 'csp-added',
    name: CSP,
    isWrong: (actual, expected) => actual !== expected && actual.split(', ').includes(expected),
  },
  { fault: 'csp-replaced', name: CSP, isWrong: (actual, expected) => actual !== expected },
  {
    fault: 'frame-options',
    name: 'X-Frame-Options',
    isWrong: (actual, _, policy) => actual !== '' && !policy.includes(UNFRAMED),
  },
  { fault: 'redirect-page-cached', name: 'Cache-Control', isWrong: (actual) => !actual.includes('no-store') },
  { fault: 'referrer-policy', name: 'Referrer-Policy', isWrong: (actual, expected) => actual !== expected },
]);

/**
 * The first fault of a page; undefined if the page is as the host sends it.
 * @param {string} address of this page's origin
 * @param {Expected} expected
 * @returns {Promise<Finding | undefined>}
 */
export async function examine(address, expected) {
  if (!window.isSecureContext) return { fault: 'no-tls', actual: location.origin };
  let response;
  let body;
  try {
    response = await fetch(address, {
      cache: 'no-store',
      credentials: 'omit', // like a browser without a session
      redirect: 'manual',
      signal: AbortSignal.timeout(RESPONSE_TIMEOUT_MS),
    });
    body = await response.arrayBuffer();
  } catch (error) {
    return { fault: 'no-response', actual: String(error) };
  }
  const { type, status, headers } = response;
  if (type === 'opaqueredirect') return { fault: 'redirects', actual: 'a redirect' };
  if (status !== 200) return { fault: faultOfStatus(status), actual: `status ${status}` };
  return (await bodyFault(body, expected)) ?? headerFault(headers, expected);
}

/** @type {(body: ArrayBuffer, expected: Expected) => Promise<Finding | undefined>} */
async function bodyFault(body, { sha256 }) {
  const digest = hex(await crypto.subtle.digest('SHA-256', body));
  if (digest === sha256) return undefined;
  // The host's page has its values in it, however it was changed.
  if (!VALUES.test(new TextDecoder().decode(body))) return { fault: 'foreign-page', actual: 'another page' };
  return { fault: 'rewritten', actual: `sha256 ${digest.slice(0, 16)}…, not ${sha256.slice(0, 16)}…` };
}

/** @type {(headers: Headers, expected: Expected) => Finding | undefined} */
function headerFault(headers, expected) {
  const actual = (/** @type {string} */ name) => (headers.get(name) ?? '').replace(/\s+/g, ' ').trim();
  const sent = (/** @type {string} */ name) => expected.headers[name] ?? '';
  const broken = HEADER_RULES.find(({ name, isWrong }) => isWrong(actual(name), sent(name), sent(CSP)));
  return broken && { fault: broken.fault, actual: `${broken.name}: ${actual(broken.name) || 'none'}` };
}

/** @param {ArrayBuffer} bytes */
const hex = (bytes) => [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
