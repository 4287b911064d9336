/*
 * Loads the texts of the user's language early: app.js asks for them only when all of it has loaded and run, and shows
 * nothing until they are there.
 */

/** @param {BeforeApp} values */
const preloadLanguage = (values) => {
  'use strict';

  const name = `${navigator.language}.js`;
  if (!values.languages.includes(name)) return;
  const link = document.createElement('link');
  Object.assign(link, { rel: 'preload', as: 'script', href: name });
  document.head.append(link);
};
