/* What the parameters mean for signing in, in a sentence. */
import { isOlder } from './choices.mjs';

/** @typedef {import('./choices.mjs').Choices} Choices */

export const PRODUCTION = 'https://platform.ringcentral.com';
export const SANDBOX = 'https://platform.devtest.ringcentral.com';
const SERVERS = /** @type {Record<string, string>} */ ({
  [PRODUCTION]: 'production',
  [SANDBOX]: 'the sandbox',
});
const PKCE_SINCE = '1.4.0'; // before it: the implicit grant, which lasts for an hour

/** The API server that these parameters name, without a slash at its end. @param {Choices} given */
export const serverOf = (given) => given.appServer?.replace(/\/$/, '') || PRODUCTION;

/** @param {string} server */
const serverInWords = (server) => SERVERS[server] ?? server;

/** What people call a server, with its address. @param {string} server */
export const serverInFull = (server) => (SERVERS[server] ? `${SERVERS[server]} (${server})` : server);

/**
 * @param {Choices} given what the widget is given in the end
 * @param {string} version of the release; nothing where the CDN's latest is used
 * @param {boolean} relay whether the host has one
 */
export function describeSignIn(given, version, relay) {
  if (!given.clientId && !given.appKey && !given.authProxy) {
    return 'Nobody can sign in yet: the widget does not start without a client id.';
  }
  return `${flow(given, version, serverInWords(serverOf(given)))}${opens(given, relay)}`;
}

/** @type {(given: Choices, version: string, where: string) => string} */
function flow(given, version, where) {
  const hasSecret = Boolean(given.clientSecret || given.appSecret);
  if (given.authProxy) return `Users sign in to ${where} through your own proxy.`;
  if (given.jwt) return `Every user is signed in to ${where} as the one whose JWT this is.`;
  if (!hasSecret && isOlder(version, PKCE_SINCE)) {
    return `Users sign in to ${where} by implicit grant, and again after 1 hour without use.`;
  }
  const how = hasSecret ? 'a client secret' : 'PKCE, which needs no secret';
  return `Users sign in to ${where} by authorization code with ${how}, and again after 7 days without use.`;
}

/** @type {(given: Choices, relay: boolean) => string} */
function opens(given, relay) {
  if (!given.disableLoginPopup) return '';
  const origins = ' Your page opens the sign-in window itself: its origin belongs in redirect.origins in the settings.';
  return relay ? `${origins} The relay helps only windows that the widget opens.` : origins;
}
