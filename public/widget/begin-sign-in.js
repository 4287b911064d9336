// with begun.js
// with receive.js
/*
 * Begins each sign-in that the app opens a window for, and brings back what no other way brings back.
 *
 * The window that a browser opens has this frame's origin until the platform's page is there, and is a top page of its
 * own. What is written into its storage at once is what the redirect page will find in it, even after a login page has
 * severed the window from the app ("Cross-Origin-Opener-Policy"). So the secret of the relay is kept there, and costs no
 * request.
 */

/**
 * @param {BeforeApp} values
 * @param {ReturnType<typeof createGate>} gate
 * @param {URLSearchParams} parameters of the app
 * @param {(address: URL) => boolean} isAuthorizeAddress
 */
const beginSignIns = (values, gate, parameters, isAuthorizeAddress) => {
  'use strict';

  const POLL_INTERVAL_MS = 200;
  const MARK = 'embeddable-host-mark-'; // and a part that nobody guesses

  const script = /** @type {HTMLScriptElement | null} */ (document.currentScript);
  const top = new URL(values.top, script?.src || location.href);
  const bases = values.profiles.map((folder) => new URL(folder, top));
  const hasCryptography = window.isSecureContext && typeof crypto.subtle === 'object';
  // One for each load of the app: a second press cannot write into a window that is on the platform already.
  const secret = [...crypto.getRandomValues(new Uint8Array(32))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  const clientId = parameters.get('clientId') || parameters.get('appKey') || '';
  const redirectUri = absolute(parameters.get('redirectUri') ?? '');

  /** @type {(PendingSignIn & {isRelayed: boolean}) | undefined} */
  let current;

  if (!values.isTest && parameters.get('redirectUri') && !baseOf(redirectUri)) {
    console.warn(
      'Embeddable Host: redirectUri names a page of another host. Sign-ins come back there, and fail where a login page ' +
        'severs the window or the browser denies storage. Leave redirectUri out, and register this host’s redirect.html.',
    );
  }

  /** @param {string} address */
  function absolute(address) {
    return URL.canParse(address, location.href) ? new URL(address, location.href).href : location.href;
  }

  /** Where the redirect page of this host is that a sign-in comes back to. @param {string} address */
  function baseOf(address) {
    return bases.find((base) => new URL('redirect.html', base).href === address);
  }

  /** Whether the redirect page at this address is the host's, or the settings'. @param {string} address */
  function isKnownPage(address) {
    return values.isTest || baseOf(address) !== undefined || values.redirectUris.includes(address);
  }

  /**
   * The sign-in that a call of window.open begins; none where it opens anything else.
   * @param {unknown[]} args
   * @returns {(PendingSignIn & {isRelayed: boolean}) | undefined}
   */
  function signInOf([url, name]) {
    const text = typeof url === 'string' || url instanceof URL ? String(url) : '';
    if (name !== values.windowName || !URL.canParse(text, document.baseURI)) return undefined;
    const address = new URL(text, document.baseURI);
    const query = address.searchParams;
    const state = query.get('state');
    const target = new URL(absolute(query.get('redirect_uri') ?? ''));
    const isOwn = values.isTest || (query.get('client_id') === clientId && target.href === redirectUri);
    if (!state || !isOwn || !isAuthorizeAddress(address)) return undefined;
    return {
      state,
      redirectUri: target.origin + target.pathname,
      responseType: query.get('response_type') ?? '',
      isBound: query.has('code_challenge') || isKnownPage(target.href),
      window: null,
      end: new AbortController(),
      isRelayed: false,
    };
  }

  window.open = new Proxy(window.open, {
    apply(open, self, args) {
      const signIn = signInOf(args);
      const opened = Reflect.apply(open, self, args);
      if (!signIn) return opened;
      signIn.window = opened;
      signIn.isRelayed = keep(signIn);
      gate.expect(signIn);
      current = signIn;
      if (signIn.isRelayed) receive(signIn);
      return opened && gate.guardWindow(opened);
    },
  });
  window.addEventListener('pagehide', () => current?.end.abort());

  /**
   * Keeps what the redirect page needs to know in the window's own storage.
   * @param {PendingSignIn} signIn
   * @returns {boolean} whether the callback may come by the relay
   */
  function keep({ window: opened, state, redirectUri: target }) {
    if (!opened || !baseOf(target)) return false;
    try {
      const storage = opened.localStorage;
      const isRelayed = values.relay !== null && hasCryptography && !isShared(storage);
      begunSignIns.keep(storage, state, isRelayed ? secret : '', current?.window !== opened);
      if (isRelayed) preconnect(opened);
      return isRelayed;
    } catch {
      // The window has no storage; or it is the one of an earlier press, on the platform by now, with the secret in it.
      return current?.window === opened && current.isRelayed;
    }
  }

  /** Whether the app sees what is written there: then it will see the callback there too. @param {Storage} storage */
  function isShared(storage) {
    const mark = MARK + secret.slice(0, 16);
    storage.setItem(mark, '1');
    const isThere = localStorage.getItem(mark) !== null;
    storage.removeItem(mark);
    return isThere && !host.isApart;
  }

  /** Opens the connection that the window will come back by, while the user signs in. @param {Window} opened */
  function preconnect(opened) {
    const link = opened.document.createElement('link');
    Object.assign(link, { rel: 'preconnect', href: location.origin });
    opened.document.head.append(link);
  }

  /**
   * Fetches the callback from the host once the window reads closed: it was severed, or the user closed it.
   * @param {PendingSignIn} signIn
   */
  async function receive({ window: opened, state, redirectUri: target, end }) {
    const base = baseOf(target);
    const wasListening = gate.isListening;
    while (!end.signal.aborted && !opened?.closed) {
      if (isBack(opened, target)) return; // the page hands the callback over itself
      await new Promise((resolve) => setTimeout(resolve, POLL_INTERVAL_MS));
    }
    if (end.signal.aborted || !base || !values.relay) return;
    const signedIn = setInterval(() => wasListening && !gate.isListening && end.abort(), POLL_INTERVAL_MS);
    const callback = await receiveByRelay(base, secret, state, end.signal, values.relay);
    clearInterval(signedIn);
    if (callback !== undefined && !end.signal.aborted) gate.deliver(callback);
  }

  /** @type {(opened: Window | null, target: string) => boolean} whether the window is on the redirect page, readable */
  function isBack(opened, target) {
    try {
      return Boolean(opened?.location.href.startsWith(target));
    } catch {
      return false; // on another origin
    }
  }

  const host = {
    /** Set by a page that tests a sign-in as for an app that shares no storage with the window. */
    isApart: false,
  };
  Object.defineProperty(window, 'embeddableHost', { value: host });
};
