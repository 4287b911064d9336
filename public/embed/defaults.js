/*
 * The host's defaults under a page's own parameters, handed on to the widget.
 *
 * Served in two places: before the release's adapter in adapter.js, and inside app.html. What differs by page is worked
 * out here, from the script's own address; the server puts in only what is the same for everybody.
 */
(() => {
  'use strict';

  /** @type {{base: string, script: string, app: string, loads: string, hosted: boolean,
   *          parameters: Record<string, string>, aliases: Record<string, string>}} */
  const values = /** @type {any} */ ({ "values": null });

  const inPage = values.script === ''; // app.html: the script stands in the page, and the page's query is its own
  const inPopup = Boolean(window.__ON_RC_POPUP_WINDOW);
  const script = /** @type {HTMLScriptElement | null} */ (
    document.currentScript || document.querySelector(`script[src*="${values.script}"]`)
  );
  const address = new URL(inPage || !script ? location.href : script.src, location.href);
  const base = new URL(values.base || '.', address);

  /** @param {string} path relative to the host's address for this profile, or absolute */
  const at = (path) => new URL(path, base).href;

  const query = inPopup ? new URLSearchParams(location.search) : address.searchParams;
  const asked = Object.fromEntries(query);

  /**
   * Lowest first: the host's own values, the profile's, the page's. An empty value switches a default off.
   * @param {Record<string, any>} given the page's own parameters
   * @returns {Record<string, any>}
   */
  function settle(given) {
    // The popup window is opened with the parameters of the widget that opened it: they have been through here, and
    // what the page switched off then must not come back.
    if (inPopup && given.fromAdapter) return given;
    const settled = /** @type {Record<string, any>} */ ({
      redirectUri: at('redirect.html'),
      popupPageUri: at('popup.html'),
      ...values.parameters,
    });
    for (const [name, value] of Object.entries(given)) {
      delete settled[values.aliases[name]];
      settled[name] = value;
    }
    // The popup window must be of the widget's own origin to share its session; the CDN's widget brings its own page.
    const ownPopup = settled.popupPageUri === at('popup.html');
    if (!settled.enablePopup || (ownPopup && !values.hosted)) delete settled.popupPageUri;
    return Object.fromEntries(Object.entries(settled).filter(([, value]) => value !== '' && value != null));
  }

  /** @param {string} target */
  const withParameters = (target) => `${target}?${new URLSearchParams(settle(asked))}`;

  function openApp() {
    location.replace(withParameters(at(values.app)) + location.hash);
  }

  /* Starts the adapter, the one behind this script in the same file or the one it loads, with the settled parameters. */
  function startAdapter() {
    /** @type {((options: {appUrl?: string, options: Record<string, any>}) => void) | undefined} */
    let start;
    /** @type {{appUrl?: string, options: Record<string, any>} | undefined} */
    let waiting;

    /** @param {{appUrl?: string, options?: Record<string, any>}} given as the widget's own RCAdapterInit takes */
    function init({ appUrl = at(values.app), options = asked } = {}) {
      const settled = { appUrl, options: settle(options) };
      if (start) start(settled);
      else waiting = waiting || settled;
    }

    // The adapter reads the flag when it runs, and sets RCAdapterInit: that is the moment it is there. Until then the
    // page's own call waits. The flag goes back to what the page made of it when the adapter's script has ended.
    const manual = window.RC_EMBEDDABLE_ADAPTER_MANUAL_INIT;
    window.RC_EMBEDDABLE_ADAPTER_MANUAL_INIT = true;
    Object.defineProperty(window, 'RCAdapterInit', {
      configurable: true,
      enumerable: true,
      get: () => init,
      set(theirs) {
        start = theirs;
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

  if (inPage) {
    openApp();
  } else if (!script && !values.base) {
    console.error(`Embeddable Host: put ${values.script} in the page with a script tag; a module has no address.`);
  } else {
    startAdapter();
    if (values.loads) loadAdapter();
  }
})();
