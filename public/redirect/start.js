// with secrets.js
// with theme.js
/*
 * Where the window of a sign-in begins: it keeps what the answer will need to come back, and goes on to the platform.
 *
 * What to do it asks its opener, the app's frame of this very origin, by a call that no other origin can answer. Nothing
 * comes from its own address: opened in any other way it goes nowhere.
 */
(() => {
  'use strict';

  /** @type {Appearance} */
  const values = /** @type {any} */ ({ "values": null });

  const MARK = 'embeddable-host-mark-'; // and a part that nobody guesses

  const { texts, say } = applyTheme(values);

  /** @returns {Beginning | undefined} none where no sign-in is expected to begin here */
  function askOpener() {
    try {
      return window.opener.embeddableHost.begin(window);
    } catch {
      return undefined; // no opener, or one of another origin
    }
  }

  /**
   * Keeps the secret, unless the app shares this page's storage and will hear of the answer there.
   * @param {Beginning} beginning
   */
  function keepSecret({ state, secret, isMarked, relays }) {
    try {
      const mark = MARK + secret.slice(0, 16);
      localStorage.setItem(mark, '1');
      const isShared = isMarked(mark);
      localStorage.removeItem(mark);
      if (isShared) return;
      secrets.keep(state, secret);
      relays();
    } catch {
      // This page has no storage, so the answer has the other ways alone.
    }
  }

  const beginning = askOpener();
  if (beginning) {
    keepSecret(beginning);
    location.replace(beginning.address);
  } else {
    say(texts.nothing);
  }
})();
