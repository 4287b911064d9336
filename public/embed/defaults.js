// with restrict-parameters.js
/*
 * The host's defaults under a page's own parameters, handed on to the widget.
 *
 * Served in two places: before the release's adapter in adapter.js, and inside app.html. What differs by page is worked
 * out here, from the script's own address; the server puts in only what is the same for everybody.
 */
(() => {
  'use strict';

  /** @type {{base: string, script: string, app: string, loads: string, hosted: boolean,
   *          parameters: Record<string, string>, aliases: Record<string, string>, restricted: Restricted,
   *          allowsPageSignIn: boolean}} */
  const values = /** @type {any} */ ({ "values": null });

  const isPage = values.script === ''; // app.html: the script stands in the page, and the page's query is its own
  const script = /** @type {HTMLScriptElement | null} */ (document.currentScript);
  // Only these two are this host's: any other address is a guess, and what stands there is not meant for this script.
  const address = isPage ? location.href : script?.src || values.base;
  const base = address && new URL(values.base || '.', address);
  // In the host's own popup window, which the widget opens with its parameters. Another page that sets the flag is not it.
  const isPopup = Boolean(window.__ON_RC_POPUP_WINDOW && base && location.href.startsWith(at('popup.html')));

  /** @param {string} path relative to the host's address for this profile, or absolute */
  function at(path) {
    return new URL(path, base || location.href).href;
  }

  /** The page's own parameters. Whoever makes a link to a page of this host is not trusted with all of them. */
  function ownParameters() {
    if (isPage || isPopup) {
      return restrictParameters(new URLSearchParams(location.search), values.restricted, values.allowsPageSignIn);
    }
    return address ? new URL(address).searchParams : new URLSearchParams();
  }

  const own = Object.fromEntries(ownParameters());
  // The adapter reads this window's address as well, and an old one nothing else.
  if (isPopup) history.replaceState(history.state, '', `${location.pathname}?${new URLSearchParams(own)}`);

  /**
   * Lowest first: the host's own values, the profile's, the page's. An empty value switches a default off.
   * @param {Record<string, any>} parameters the page's own
   * @returns {Record<string, any>}
   */
  function withDefaults(parameters) {
    // The popup window is opened with the parameters of the widget that opened it: they have been through here, and
    // what the page switched off then must not come back.
    if (isPopup && parameters.fromAdapter) return parameters;
    const merged = /** @type {Record<string, any>} */ ({
      redirectUri: at('redirect.html'),
      popupPageUri: at('popup.html'),
      ...values.parameters,
    });
    for (const [name, value] of Object.entries(parameters)) {
      delete merged[values.aliases[name]];
      merged[name] = value;
    }
    // The popup window must be of the widget's own origin to share its session; the CDN's widget brings its own page.
    const isOwnPopup = merged.popupPageUri === at('popup.html');
    if (!merged.enablePopup || (isOwnPopup && !values.hosted)) delete merged.popupPageUri;
    return Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== '' && value != null));
  }

  /** @param {string} target */
  function withParameters(target) {
    return `${target}?${new URLSearchParams(withDefaults(own))}`;
  }

  function openApp() {
    location.replace(withParameters(at(values.app)) + restrictFragment(location.hash));
  }

  // The adapter's own RCAdapterInit, as soon as it is there, and the call that waits for it.
  /** @typedef {{appUrl: string, options: Record<string, any>}} Start */
  /** @type {((start: Start) => void) | undefined} */
  let adapterInit;
  /** @type {Start | undefined} */
  let waiting;

  /** @param {{appUrl?: string, options?: Record<string, any>}} [options] as the widget's own RCAdapterInit takes */
  function init({ appUrl = at(values.app), options = own } = {}) {
    if (!base) {
      console.error(
        `Embeddable Host: ${values.script} was loaded without an address of its own (as a module, by eval, or by jQuery’s ` +
          'getScript). Load it with a script element that has a src, or set public_url in the host’s settings.',
      );
      return;
    }
    const start = { appUrl, options: withDefaults(options) };
    if (adapterInit) adapterInit(start);
    else waiting ??= start;
  }

  /* The adapter, behind this script in the same file or loaded by it, starts with all parameters, and never without. */
  function replaceInit() {
    // The adapter reads the flag when it runs, and sets RCAdapterInit: that is the moment it is there. Until then the
    // page's own call waits. The flag goes back to what the page made of it when the adapter's script has ended.
    const manual = window.RC_EMBEDDABLE_ADAPTER_MANUAL_INIT;
    window.RC_EMBEDDABLE_ADAPTER_MANUAL_INIT = true;
    Object.defineProperty(window, 'RCAdapterInit', {
      configurable: true,
      enumerable: true,
      get: () => init,
      set(theirs) {
        adapterInit = theirs;
        queueMicrotask(() => {
          window.RC_EMBEDDABLE_ADAPTER_MANUAL_INIT = manual;
          if (waiting) theirs(waiting);
          waiting = undefined;
        });
      },
    });
    if (manual) return;
    if (document.readyState === 'complete') init();
    else window.addEventListener('load', () => init());
  }

  function loadAdapter() {
    const loader = document.createElement('script');
    // An adapter without manual init reads its parameters from this address and from nowhere else.
    loader.src = withParameters(at(values.loads));
    loader.addEventListener('error', () => {
      console.error(`Embeddable Host: the widget's adapter could not be loaded from ${at(values.loads)}`);
    });
    (document.head || document.documentElement).append(loader);
  }

  if (isPage) {
    openApp();
  } else {
    replaceInit();
    if (base && values.loads) loadAdapter();
  }
})();
