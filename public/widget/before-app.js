/*
 * What is put before the release's app.js: storage where the browser denies it, the texts of the user's language, no
 * parameters that a link must not decide, and a gate for what comes back from a sign-in.
 */
// with memory-storage.js
// with preload-language.js
// with restrict-parameters.js
// with gate.js
// with begin-sign-in.js
(() => {
  'use strict';

  const RINGCENTRAL = /(^|\.)ringcentral\.(com|biz)$/; // the domains of the servers that discovery names

  /** @type {BeforeApp} */
  const values = /** @type {any} */ ({ "values": null });

  /** The app's parameters, which replace those in its address. */
  function parametersOfApp() {
    const query = new URLSearchParams(location.search);
    if (values.isTest) return query;
    const parameters = restrictParameters(query, values.restricted, values.pageSignIn.length > 0);
    history.replaceState(history.state, '', `${location.pathname}?${parameters}${restrictFragment(location.hash)}`);
    return parameters;
  }

  /** Whether discovery may have named it. @param {URL} address */
  function isDiscovered({ protocol, hostname }) {
    return Boolean(parameters.get('discovery')) && protocol === 'https:' && RINGCENTRAL.test(hostname);
  }

  /** @param {string} address */
  function isKnownServer(address) {
    if (!URL.canParse(address)) return false;
    const url = new URL(address);
    return values.servers.includes(url.origin) || isDiscovered(url);
  }

  /** @param {URL} address */
  function isAuthorizeAddress(address) {
    const known = values.authorize.map((one) => new URL(one, location.href));
    const isKnown = known.some(({ origin, pathname }) => origin === address.origin && pathname === address.pathname);
    return isKnown || isDiscovered(address);
  }

  const parameters = parametersOfApp();
  preloadLanguage(values);
  const gate = createGate({ isKnownServer, embedders: values.pageSignIn, callback: values.callback });
  beginSignIns(values, gate, parameters, isAuthorizeAddress);
})();
