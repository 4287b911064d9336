/*
 * The login page's part in the rehearsal: it severs its window from the app, as a company's single sign-on may, by the
 * Cross-Origin-Opener-Policy that it is sent with, and sends it back as RingCentral does (RFC 6749 §4.1.2).
 *
 * It goes to the redirect page of the settings and nowhere else: of its own address it takes the `state` alone.
 */
(() => {
  'use strict';

  /** @type {{redirectUri: string}} */
  const values = /** @type {any} */ ({ "values": null });

  const back = new URL(values.redirectUri || 'redirect.html', location.href);
  back.searchParams.append('code', 'rehearsed');
  back.searchParams.append('state', new URLSearchParams(location.search).get('state') ?? '');
  location.replace(back);
})();
