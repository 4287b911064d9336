/* Describes how users sign in with given parameters. */
import { isOlder } from './choices.mjs';

/** @typedef {import('./choices.mjs').Choices} Choices */

export const PRODUCTION = 'https://platform.ringcentral.com';
export const SANDBOX = 'https://platform.devtest.ringcentral.com';
const SERVERS = /** @type {Record<string, string>} */ ({
  [PRODUCTION]: 'production',
  [SANDBOX]: 'the sandbox',
});
const PKCE_SINCE = '1.4.0'; // before it: the implicit grant, which lasts for an hour

/** The API server of these parameters, without a slash at its end. @param {Choices} merged */
export const serverOf = (merged) => merged.appServer?.replace(/\/$/, '') || PRODUCTION;

/** @param {string} server */
const serverInWords = (server) => SERVERS[server] ?? server;

/** The common name of a server, with its address. @param {string} server */
export const serverInFull = (server) => (SERVERS[server] ? `${SERVERS[server]} (${server})` : server);

/**
 * @param {Choices} merged the parameters that the widget gets
 * @param {string} version of the release; empty for the CDN's latest
 * @param {boolean} hasRelay
 */
export function describeSignIn(merged, version, hasRelay) {
  if (!merged.clientId && !merged.appKey && !merged.authProxy) {
    return 'Nobody can sign in yet: the widget does not start without a client id.';
  }
  return `${flow(merged, version, serverInWords(serverOf(merged)))}${opener(merged, hasRelay)}`;
}

/** @type {(merged: Choices, version: string, where: string) => string} */
function flow(merged, version, where) {
  const hasSecret = Boolean(merged.clientSecret || merged.appSecret);
  if (merged.authProxy) return `Users sign in to ${where} through your own proxy.`;
  if (merged.jwt) return `Every user is signed in to ${where} as the one whose JWT this is.`;
  if (!hasSecret && isOlder(version, PKCE_SINCE)) {
    return `Users sign in to ${where} by implicit grant, and again after 1 hour without use.`;
  }
  const how = hasSecret ? 'a client secret' : 'PKCE, which needs no secret';
  return `Users sign in to ${where} by authorization code with ${how}, and again after 7 days without use.`;
}

/** @type {(merged: Choices, hasRelay: boolean) => string} */
function opener(merged, hasRelay) {
  if (!merged.disableLoginPopup) return '';
  const origins = ' Your page opens the sign-in window itself: its origin belongs in redirect.origins in the settings.';
  return hasRelay ? `${origins} The relay helps only windows that the widget opens.` : origins;
}
