/*
 * Asks for the words of the user's language at once: app.js does so only when all of it is here and has run, and shows
 * nothing before they have come.
 */

/** @param {BeforeApp} values */
function askForWords(values) {
  'use strict';

  const name = `${navigator.language}.js`;
  if (!values.words.includes(name)) return;
  const link = document.createElement('link');
  Object.assign(link, { rel: 'preload', as: 'script', href: name });
  document.head.append(link);
}
