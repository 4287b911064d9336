/* What stands in the way of a trial, and what one should know before it. */

/** @typedef {import('./choices.mjs').Choices} Choices */

/**
 * Why a trial is not possible, and what to change; empty where it is.
 * @param {import('./oauth.mjs').App} app
 * @param {Choices} given what the widget is given in the end
 * @param {string[]} servers the origins that this page may ask
 */
export function preconditionOf(app, given, servers) {
  if (!window.isSecureContext) {
    return 'Browsers give the cryptography of PKCE to https pages alone: open this page by its https address.';
  }
  if (given.authProxy) {
    return 'Your users sign in through a proxy of your own (authProxy): this page cannot do that in their place.';
  }
  if (!app.clientId) {
    return 'There is no client id yet. Write it into embeddable.toml ([params], clientId), or choose it in step 2.';
  }
  if (!servers.includes(new URL(app.server).origin)) {
    return (
      `This page may not ask ${app.server}. Write appServer = "${app.server}" into embeddable.toml ([params]), have the ` +
      'host read it, and load this page again.'
    );
  }
  if (!app.redirectUri) {
    return (
      'Without redirectUri, as chosen in step 2, the answer goes to a redirect page of the CDN, which hands nothing over ' +
      'to this page. Take that choice back.'
    );
  }
  return '';
}

/**
 * What to know before a trial that nothing stands in the way of; empty where that is nothing.
 * @param {import('./oauth.mjs').App} app
 * @param {string[]} credentials among what the widget is given, by name
 */
export function noteOn(app, credentials) {
  const notes = [];
  if (credentials.length) {
    notes.push(
      `The trial does without ${credentials.join(' and ')}: a person signs in, with PKCE. Only a client-side web app lets them.`,
    );
  }
  const { origin } = new URL(app.redirectUri);
  if (origin !== location.origin) {
    notes.push(
      `The redirect URI is at ${origin}. Its redirect page must hand the answer over to this page, at ${location.origin}: ` +
        `on a host like this one, by the setting [redirect] origins = ["${location.origin}"].`,
    );
  }
  return notes.join(' ');
}
