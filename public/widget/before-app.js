/* What is put before the release's app.js: storage where the browser denies it, the words of the user's language, and the
 * beginning of a sign-in. */
// with memory-storage.js
// with preload-language.js
// with seal.js
// with begin-sign-in.js
(() => {
  'use strict';

  /** @type {BeforeApp} */
  const values = /** @type {any} */ ({ "values": null });

  askForWords(values);
  beginSignIns(values);
})();
