/**
 * What the pages of a sign-in's window share: the team's look, and texts in the user's language.
 *
 * @typedef {Record<'title' | 'text' | 'done' | 'back' | 'late' | 'nothing' | 'gone' | 'failed', string>
 *           & {errors: Record<string, string>}} Texts
 * @typedef {{color: string, background: string, logo: string}} Theme
 * @typedef {{title: string, text: string, language: string, light: Theme, dark: Theme,
 *            texts: Record<string, Texts>}} Appearance
 */

/**
 * Dresses the page.
 * @param {Appearance} values
 * @returns {{texts: Texts, say: (text: string) => void}} what it can say, and how
 */
const applyTheme = (values) => {
  'use strict';

  const DEFAULT_LANGUAGE = 'en';
  const TRADITIONAL_CHINESE = /^zh-(hant|tw|hk|mo)\b/i;

  /**
   * The first language asked for that there are texts in (RFC 4647 §3.4).
   * @param {readonly string[]} asked
   */
  function chooseLanguage(asked) {
    const known = Object.keys(values.texts);
    for (const tag of asked) {
      // Chinese is written in two ways, which its regions tell.
      const meant = /^zh\b/i.test(tag) ? (TRADITIONAL_CHINESE.test(tag) ? 'zh-TW' : 'zh-CN') : tag;
      const parts = meant.toLowerCase().split('-');
      for (let length = parts.length; length > 0; length -= 1) {
        const range = parts.slice(0, length).join('-');
        const found = known.find((one) => one.toLowerCase() === range);
        if (found) return found;
      }
    }
    return DEFAULT_LANGUAGE;
  }

  function chooseTheme() {
    const { light, dark } = values;
    // Colours for the light alone hold in the dark too: who could read one on a ground that it was not chosen for?
    const hasColors = (/** @type {Theme} */ theme) => Boolean(theme.color || theme.background);
    const isDark = matchMedia('(prefers-color-scheme: dark)').matches && (hasColors(dark) || !hasColors(light));
    return { scheme: isDark ? 'dark' : 'light', ...(isDark ? dark : light), logo: (isDark && dark.logo) || light.logo };
  }

  /** @param {string} text */
  function say(text) {
    const status = document.getElementById('status');
    if (status) status.textContent = text;
  }

  const language = chooseLanguage(values.language ? [values.language] : navigator.languages);
  const texts = values.texts[language];
  const { scheme, color, background, logo } = chooseTheme();
  const root = document.documentElement;
  root.lang = values.language || language;
  root.style.colorScheme = scheme;
  if (color) root.style.setProperty('--color', color);
  if (background) root.style.setProperty('--background', background);
  document.title = values.title || texts.title;
  const image = document.getElementById('logo');
  if (image instanceof HTMLImageElement && logo) {
    image.src = logo;
    image.hidden = false;
  }
  say(values.text || texts.text);
  return { texts, say };
};
