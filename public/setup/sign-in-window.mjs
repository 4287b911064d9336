/* The window of a sign-in, and its callback, by each of the channels that the widget listens to. */

/**
 * @typedef {{address: string, by: 'oAuthCallback' | 'message' | 'storage' | 'relay'}} Callback
 * @typedef {{callback: Promise<Callback | undefined>, isGone: () => boolean, end: () => void}} SignIn
 *   `callback` is undefined if the sign-in was ended before; `isGone`: closed, or severed by a page in it
 */

// Not the widget's name: a widget in the preview would read the callback from a window with that.
const NAME = 'embeddable-host-test';
const FEATURES = 'scrollbars=yes, width=600, height=600';

// As for a widget on a page of another site: from a severed window, the callback comes by the relay, if the host has one.
if (window.embeddableHost) window.embeddableHost.isApart = true;

/**
 * Opens the window. Call it in the handler of a user's press.
 * @param {string} authorizeAddress
 * @param {string} state of the sign-in; a callback with another one is ignored
 * @returns {SignIn | undefined} undefined if the browser blocks the window
 */
export function openSignIn(authorizeAddress, state) {
  const ended = new AbortController();
  const { signal } = ended;
  /** @type {(callback: Callback | undefined) => void} */
  let resolveCallback = () => {};
  /** @type {SignIn['callback']} */
  const callback = new Promise((resolve) => {
    resolveCallback = resolve;
  });
  /** @type {(address: unknown, by: Callback['by']) => void} */
  const receive = (address, by) => {
    if (!signal.aborted && typeof address === 'string' && stateOf(address) === state) resolveCallback({ address, by });
  };

  // Set before the window opens: `begin-sign-in.js` asks the relay for as long as somebody waits for a callback.
  window.oAuthCallback = (received) => receive(received, opened?.closed ? 'relay' : 'oAuthCallback');
  signal.addEventListener('abort', () => {
    window.oAuthCallback = undefined;
    resolveCallback(undefined);
  });
  const opened = window.open(authorizeAddress, NAME, FEATURES);
  if (!opened) {
    ended.abort();
    return undefined;
  }
  // The gate of before-app.js lets in only what belongs to this sign-in.
  window.addEventListener('message', ({ data }) => receive(data?.callbackUri, 'message'), { signal });
  window.addEventListener(
    'storage',
    ({ key, newValue }) => {
      if (key !== `${state.slice(state.indexOf('-') + 1)}-callbackUri` || !newValue) return;
      localStorage.removeItem(key); // which tells the redirect page that the app has the callback
      receive(newValue, 'storage');
    },
    { signal },
  );
  return {
    callback,
    isGone: () => opened.closed,
    end() {
      ended.abort();
      opened.close();
    },
  };
}

/** @param {string} address */
function stateOf(address) {
  try {
    return new URL(address).searchParams.get('state');
  } catch {
    return null;
  }
}
