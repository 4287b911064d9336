/*
 * Lets a callback reach the app only if it belongs to the sign-in that this frame began last, and only once.
 *
 * The widget checks neither the `state` nor the sender of a callback, and takes a code verifier, a JWT and servers from
 * its address (docs/widget.md, "How a callback comes in"). So this stands in front of every way in: a call, a message,
 * storage, the relay, and the app's own look at its window's address.
 */

/**
 * @typedef {object} PendingSignIn
 * @property {string} state
 * @property {string} redirectUri
 * @property {string} responseType
 * @property {boolean} isBound whether a code of another sign-in cannot take the place of this one's: PKCE prevents that,
 *   or the redirect page is one that the host knows
 * @property {Window | null} window
 * @property {AbortController} end aborted when its callback has come, another sign-in begins, or the app is unloaded
 *
 * @typedef {{origin: string, address: string, parameters: Map<string, string>}} Callback
 * @typedef {{origin: string, source?: unknown}} Sender
 * @typedef {{isKnownServer: (address: string) => boolean, embedders: string[], callback: BeforeApp['callback']}} GateValues
 *   `embedders`: origins of pages that may sign their users in themselves; none unless the settings allow it
 */

/** @param {GateValues} values */
const createGate = (values) => {
  'use strict';

  const { isKnownServer, embedders, callback: names } = values;
  const MAX_LENGTH = 8192;
  const OWN = { origin: location.origin };

  const KNOWN_SERVERS = {
    refusal: 'it names a server that is not RingCentral’s',
    /** @param {Callback} callback */
    holds: ({ parameters }) => !names.servers.some((name) => parameters.has(name) && !isKnownServer(parameters.get(name) ?? '')),
  };

  /** @type {{refusal: string, holds: (callback: Callback, signIn: PendingSignIn, sender: Sender) => boolean}[]} */
  const RULES = [
    {
      refusal: 'it belongs to no sign-in that this phone is waiting for',
      holds: ({ parameters }, { state }) => parameters.get('state') === state,
    },
    {
      refusal: 'it came to another address than this phone’s redirect URI',
      holds: ({ address }, { redirectUri }) => address === redirectUri,
    },
    {
      refusal: 'it brings credentials of its own',
      holds: ({ parameters }) => !names.credentials.some((name) => parameters.has(name)),
    },
    {
      refusal: 'it brings a token where a code was requested',
      holds: ({ parameters }, { responseType }) => !parameters.has('access_token') || responseType.includes('token'),
    },
    KNOWN_SERVERS,
    {
      refusal: 'it came from another page',
      holds: (callback, { window: opened }, { origin, source }) =>
        origin === location.origin || origin === callback.origin || (opened !== null && source === opened),
    },
    {
      refusal: 'the app uses no PKCE, and the redirect URI is neither this host’s nor in its settings',
      holds: (_, { isBound }) => isBound,
    },
  ];

  /** @type {PendingSignIn | undefined} */
  let pending;
  /** @type {string | undefined} */
  let lastState; // of the callback that has passed: the same may come a second way
  /** @type {unknown} */
  let appCallback = window.oAuthCallback;
  /** @type {WeakSet<Event>} */
  const passed = new WeakSet();

  /**
   * @param {unknown} address
   * @returns {Callback | undefined} none for what is no callback, or has a parameter twice
   */
  function read(address) {
    if (typeof address !== 'string' || address.length > MAX_LENGTH || !URL.canParse(address)) return undefined;
    const url = new URL(address);
    const entries = [...url.searchParams, ...new URLSearchParams(url.hash.slice(1))];
    const parameters = new Map(entries);
    if (parameters.size !== entries.length) return undefined;
    return { origin: url.origin, address: url.origin + url.pathname, parameters };
  }

  /** @type {(callback: Callback, names: string[]) => string} an address of what was read here, for the app to read */
  function rebuild({ address, parameters }, passedOn) {
    const query = new URLSearchParams([...parameters].filter(([name]) => passedOn.includes(name)));
    return `${address}?${query}`;
  }

  /**
   * @param {unknown} address
   * @param {Sender} sender
   * @returns {string | undefined} the callback's address for the app; none where it must not reach the app
   */
  function admit(address, sender) {
    const callback = read(address);
    const isFromListed = callback && embedders.includes(sender.origin) && sender.origin !== location.origin;
    if (isFromListed && KNOWN_SERVERS.holds(callback)) return rebuild(callback, [...names.passedOn, ...names.credentials]);
    if (lastState !== undefined && callback?.parameters.get('state') === lastState) return undefined;
    const signIn = pending;
    const broken = callback && signIn ? RULES.find(({ holds }) => !holds(callback, signIn, sender)) : RULES[0];
    if (broken || !callback || !signIn) {
      console.warn(`Embeddable Host: ignored a sign-in callback: ${broken?.refusal}.`);
      return undefined;
    }
    lastState = signIn.state;
    pending = undefined;
    signIn.end.abort();
    return rebuild(callback, names.passedOn);
  }

  Object.defineProperty(window, 'oAuthCallback', {
    configurable: true,
    enumerable: true,
    get: () => (typeof appCallback === 'function' ? call : appCallback),
    set(callback) {
      appCallback = callback;
    },
  });

  /** @param {unknown} address */
  function call(address) {
    const callback = admit(address, OWN);
    if (callback !== undefined && typeof appCallback === 'function') appCallback(callback);
  }

  /** @param {Event} event that the app may have: a copy of one that came, with what was admitted */
  function dispatch(event) {
    passed.add(event);
    window.dispatchEvent(event);
  }

  // This script stands before app.js, and listeners are called in their order: the app's come after these.
  window.addEventListener(
    'message',
    (event) => {
      const { data, origin, source } = event;
      if (passed.has(event) || !(data?.callbackUri || data?.refreshCallbackUri)) return;
      event.stopImmediatePropagation();
      const callback = admit(data.callbackUri, { origin, source });
      if (callback) dispatch(new MessageEvent('message', { data: { callbackUri: callback }, origin, source }));
    },
    true,
  );
  window.addEventListener(
    'storage',
    (event) => {
      const { key, newValue, storageArea } = event;
      if (passed.has(event) || !key?.endsWith('-callbackUri') || !newValue) return;
      event.stopImmediatePropagation();
      if (!pending || !key.includes(pending.state.slice(pending.state.indexOf('-') + 1))) return; // another frame's
      const callback = admit(newValue, OWN);
      if (callback) dispatch(new StorageEvent('storage', { key, newValue: callback, storageArea }));
    },
    true,
  );

  /**
   * An object in the place of a window or its location, which may be of another origin.
   * @param {any} target
   * @param {Record<PropertyKey, () => unknown>} own properties that are not the target's
   */
  function standIn(target, own) {
    return new Proxy(/** @type {any} */ ({}), {
      get(_, name) {
        if (Object.hasOwn(own, name)) return own[/** @type {string} */ (name)]();
        const value = target[name];
        return typeof value === 'function' ? value.bind(target) : value;
      },
      set(_, name, value) {
        target[name] = value;
        return true;
      },
    });
  }

  return {
    /** @param {PendingSignIn} signIn */
    expect(signIn) {
      pending?.end.abort();
      pending = signIn;
    },

    /** Whether the app waits for a call; once it is signed in, it does not. */
    get isListening() {
      return typeof appCallback === 'function';
    },

    /** @param {string} address that came by the relay */
    deliver(address) {
      if (typeof appCallback === 'function') return call(address);
      const callback = admit(address, OWN);
      if (callback) dispatch(new MessageEvent('message', { data: { callbackUri: callback }, origin: location.origin }));
    },

    /**
     * The window for the app, which looks for a callback in its address: it sees one only when it may have it.
     * @param {Window} opened
     */
    guardWindow(opened) {
      const href = () => {
        const address = opened.location.href; // raises an error while the window is on another origin
        const isBack = pending?.window === opened && address.startsWith(pending.redirectUri) && /[?#]/.test(address);
        return isBack ? (admit(address, OWN) ?? 'about:blank') : 'about:blank';
      };
      const place = standIn(opened.location, { href });
      return standIn(opened, { location: () => place });
    },
  };
};
