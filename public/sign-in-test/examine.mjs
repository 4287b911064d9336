/* A page of a sign-in as this browser gets it, held against what the host sends: what differs was changed on its way. */

const TIMEOUT = 10_000; // ms

/**
 * @typedef {{sha256: string, headers: Record<string, string>}} Expected
 * @typedef {{fault: string, actual: string}} Finding the name of a fault in the server's table, and what shows it
 */

const STATUSES = /** @type {Record<number, string>} */ ({
  401: 'login-wall',
  403: 'login-wall',
  407: 'login-wall',
  404: 'missing',
  410: 'missing',
  502: 'host-down',
  503: 'host-down',
  504: 'host-down',
});

const VALUES = /"texts": ?\{/; // in every such page of the host, a team's own as well
const UNFRAMED = "frame-ancestors 'none'";

const CSP = 'Content-Security-Policy';

/** @typedef {{fault: string, name: string, isWrong: (actual: string, wanted: string, policy: string) => boolean}} Header */

/** A fault in the headers for each; the first one that holds is told. */
const HEADERS = /** @type {Header[]} */ ([
  {
    fault: 'opener-policy',
    name: 'Cross-Origin-Opener-Policy',
    isWrong: (actual) => !['', 'unsafe-none'].includes(actual),
  },
  { fault: 'csp-added', name: CSP, isWrong: (actual, wanted) => actual !== wanted && actual.split(', ').includes(wanted) },
  { fault: 'csp-replaced', name: CSP, isWrong: (actual, wanted) => actual !== wanted },
  {
    fault: 'frame-options',
    name: 'X-Frame-Options',
    isWrong: (actual, _, policy) => actual !== '' && !policy.includes(UNFRAMED),
  },
  { fault: 'redirect-page-cached', name: 'Cache-Control', isWrong: (actual) => !actual.includes('no-store') },
  { fault: 'referrer-policy', name: 'Referrer-Policy', isWrong: (actual, wanted) => actual !== wanted },
]);

/**
 * What is wrong with the page; nothing where it is as the host sends it.
 * @param {string} address of this page's origin
 * @param {Expected} expected
 * @returns {Promise<Finding | undefined>}
 */
export async function examine(address, expected) {
  if (!window.isSecureContext) return { fault: 'no-tls', actual: location.origin };
  let answer;
  let body;
  try {
    answer = await fetch(address, {
      cache: 'no-store',
      credentials: 'omit', // as a browser that has signed in to nothing
      redirect: 'manual',
      signal: AbortSignal.timeout(TIMEOUT),
    });
    body = await answer.arrayBuffer();
  } catch (error) {
    return { fault: 'no-response', actual: String(error) };
  }
  if (answer.type === 'opaqueredirect') return { fault: 'redirects', actual: 'a redirect' };
  if (answer.status !== 200) return { fault: STATUSES[answer.status] ?? 'status', actual: `status ${answer.status}` };
  return (await inBody(body, expected)) ?? inHeaders(answer.headers, expected);
}

/** @type {(body: ArrayBuffer, expected: Expected) => Promise<Finding | undefined>} */
async function inBody(body, { sha256 }) {
  const digest = await hex(body);
  if (digest === sha256) return undefined;
  // Whatever has become of the host's page: the values are in it.
  if (!VALUES.test(new TextDecoder().decode(body))) return { fault: 'foreign-page', actual: 'another page' };
  return { fault: 'rewritten', actual: `sha256 ${digest.slice(0, 16)}…, not ${sha256.slice(0, 16)}…` };
}

/** @type {(headers: Headers, expected: Expected) => Finding | undefined} */
function inHeaders(headers, expected) {
  const told = (/** @type {string} */ name) => (headers.get(name) ?? '').replace(/\s+/g, ' ').trim();
  const wanted = (/** @type {string} */ name) => expected.headers[name] ?? '';
  const found = HEADERS.find(({ name, isWrong }) => isWrong(told(name), wanted(name), wanted(CSP)));
  return found && { fault: found.fault, actual: `${found.name}: ${told(found.name) || 'none'}` };
}

/** @param {ArrayBuffer} bytes */
async function hex(bytes) {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
