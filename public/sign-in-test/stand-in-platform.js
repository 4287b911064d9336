/*
 * The login page's part in the sign-in test: its Cross-Origin-Opener-Policy severs the window from the app, as a
 * company's single sign-on may. Then it sends the window back as RingCentral does (RFC 6749 §4.1.2).
 *
 * It goes only to the redirect page of the settings. Of its own address it uses only the `state`.
 */
(() => {
  'use strict';

  /** @type {{redirectUri: string}} */
  const values = /** @type {any} */ ({ "values": null });

  const callback = new URL(values.redirectUri || 'redirect.html', location.href);
  callback.searchParams.append('code', 'simulated-code');
  callback.searchParams.append('state', new URLSearchParams(location.search).get('state') ?? '');
  location.replace(callback);
})();
