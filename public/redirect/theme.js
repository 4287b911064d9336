/**
 * How the sign-in window looks and what it says: the team's theme, and texts in the user's language.
 *
 * @typedef {Record<'title' | 'text' | 'done' | 'back' | 'late' | 'nothing' | 'gone' | 'failed', string>
 *           & {errors: Record<string, string>}} Texts
 * @typedef {{color: string, background: string, logo: string}} Theme
 * @typedef {{title: string, text: string, language: string, light: Theme, dark: Theme,
 *            texts: Record<string, Texts>}} Appearance
 */

/**
 * Applies them to the page.
 * @param {Appearance} values
 * @returns {{texts: Texts, say: (text: string) => void}} the texts, and a function that shows one
 */
const applyTheme = (values) => {
  'use strict';

  const DEFAULT_LANGUAGE = 'en';
  const TRADITIONAL_CHINESE = /^zh-(hant|tw|hk|mo)\b/i;

  /**
   * The first requested language that there are texts in (RFC 4647 §3.4).
   * @param {readonly string[]} requested
   */
  function chooseLanguage(requested) {
    const known = Object.keys(values.texts);
    for (const tag of requested) {
      // Chinese is written in two ways, which depend on the region.
      const range = /^zh\b/i.test(tag) ? (TRADITIONAL_CHINESE.test(tag) ? 'zh-TW' : 'zh-CN') : tag;
      const parts = range.toLowerCase().split('-');
      for (let length = parts.length; length > 0; length -= 1) {
        const prefix = parts.slice(0, length).join('-');
        const found = known.find((one) => one.toLowerCase() === prefix);
        if (found) return found;
      }
    }
    return DEFAULT_LANGUAGE;
  }

  function chooseTheme() {
    const { light, dark } = values;
    // Colours that are set only for light apply in the dark too: they were not chosen for another background.
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
