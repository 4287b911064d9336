/* What a live test needs, and what to know before it. */

/** @typedef {import('./choices.mjs').Choices} Choices */

/**
 * Why a live test is not possible, and what to change; empty if it is possible.
 * @param {import('./oauth.mjs').App} app
 * @param {Choices} merged the parameters that the widget gets
 * @param {string[]} servers the origins that this page may send requests to
 */
export function preconditionOf(app, merged, servers) {
  if (!window.isSecureContext) {
    return 'Browsers allow the cryptography of PKCE only on https pages: open this page by its https address.';
  }
  if (merged.authProxy) {
    return 'Your users sign in through a proxy of your own (authProxy): this page cannot test that.';
  }
  if (!app.clientId) {
    return 'There is no client id yet. Write it into embeddable.toml ([params], clientId), or choose it in step 2.';
  }
  if (!servers.includes(new URL(app.server).origin)) {
    return (
      `This page may not send requests to ${app.server}. Write appServer = "${app.server}" into embeddable.toml ` +
      '([params]), reload the host’s settings, and load this page again.'
    );
  }
  if (!app.redirectUri) {
    return (
      'Without redirectUri, as chosen in step 2, the callback goes to a redirect page of the CDN, which hands nothing over ' +
      'to this page. Undo that choice.'
    );
  }
  return '';
}

/**
 * What to know before a live test that is possible; empty if there is nothing to know.
 * @param {import('./oauth.mjs').App} app
 * @param {string[]} credentials the names of those among the parameters
 */
export function noteOn(app, credentials) {
  const notes = [];
  if (credentials.length) {
    notes.push(
      `The test does not use ${credentials.join(' and ')}: a person signs in, with PKCE. That works only with a client-side web app.`,
    );
  }
  const { origin } = new URL(app.redirectUri);
  if (origin !== location.origin) {
    notes.push(
      `The redirect URI is at ${origin}. Its redirect page must hand the callback over to this page, at ${location.origin}: ` +
        `on a host like this one, by the setting [redirect] origins = ["${location.origin}"].`,
    );
  }
  return notes.join(' ');
}
