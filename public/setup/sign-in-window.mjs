/* The window of a sign-in, and its answer, by each of the ways in which the widget listens. */

/**
 * @typedef {{address: string, by: 'oAuthCallback' | 'message' | 'storage' | 'relay'}} Answer
 * @typedef {{answer: Promise<Answer | undefined>, isGone: () => boolean, end: () => void}} SignIn
 *   `answer` is none where it was ended before; `isGone`: closed, or severed by a page in it
 */

// Not the widget's: a widget in the preview takes the answer out of a window that has this name.
const NAME = 'embeddable-host-test';
const FEATURES = 'scrollbars=yes, width=600, height=600';

// As for a widget in a page of another site: severed, the answer comes by the host's relay, where it has one.
if (window.embeddableHost) window.embeddableHost.isApart = true;

/**
 * Opens the window, in a user's press for it.
 * @param {string} address the platform's
 * @param {string} state of the sign-in; an answer with any other is not this sign-in's
 * @param {string} redirectUri
 * @returns {SignIn | undefined} none where the browser keeps the window back
 */
export function openSignIn(address, state, redirectUri) {
  const ended = new AbortController();
  const { signal } = ended;
  /** @type {(answer: Answer | undefined) => void} */
  let settle = () => {};
  /** @type {SignIn['answer']} */
  const answer = new Promise((resolve) => {
    settle = resolve;
  });
  /** @type {(address: unknown, by: Answer['by']) => void} */
  const hear = (heard, by) => {
    if (!signal.aborted && typeof heard === 'string' && stateOf(heard) === state) settle({ address: heard, by });
  };

  // There before the window is: `begin-sign-in.js` fetches an answer for as long as somebody waits for it.
  window.oAuthCallback = (heard) => hear(heard, opened?.closed ? 'relay' : 'oAuthCallback');
  signal.addEventListener('abort', () => {
    window.oAuthCallback = undefined;
    settle(undefined);
  });
  const opened = window.open(address, NAME, FEATURES);
  if (!opened) {
    ended.abort();
    return undefined;
  }
  const { origin } = new URL(redirectUri);
  window.addEventListener(
    'message',
    (message) => {
      if (message.source === opened && message.origin === origin) hear(message.data?.callbackUri, 'message');
    },
    { signal },
  );
  window.addEventListener(
    'storage',
    ({ key, newValue }) => {
      if (key !== `${state.slice(state.indexOf('-') + 1)}-callbackUri` || !newValue) return;
      localStorage.removeItem(key); // by which the redirect page knows that it was taken
      hear(newValue, 'storage');
    },
    { signal },
  );
  return {
    answer,
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
