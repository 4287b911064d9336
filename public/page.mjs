/* Shared by the pages with modules: values and addresses, elements, copying, and some words. */

/** The values that the server injected into the page. */
export const values = JSON.parse(text('values'));

/** The address of this profile: its public one, or else the folder that the page was loaded from. */
export const base = new URL(values.base || '.', location.href.replace(/[?#].*/, ''));

/** @param {string} path relative to this profile's address, or absolute */
export const at = (path) => new URL(path, base).href;

/** The redirect URI that the host's own settings give the widget. */
export const redirectUri = at(values.redirectUri || 'redirect.html');

/** The channels by which an app can receive a callback, in words. */
export const CHANNELS = /** @type {Record<string, string>} */ ({
  oAuthCallback: 'a call to the opener',
  message: 'a message to the opener',
  storage: 'storage',
  relay: 'the host’s relay',
});

/**
 * The page's own element. Raises an error for one that the page lacks.
 * @template {HTMLElement} [T=HTMLElement]
 * @param {string} id
 * @param {new () => T} [type]
 * @returns {T}
 */
export function element(id, type) {
  const found = document.getElementById(id);
  if (!found || (type && !(found instanceof type))) throw new Error(`This page has no ${id}.`);
  return /** @type {T} */ (found);
}

/** @param {string} id */
function text(id) {
  return element(id).textContent ?? '';
}

/**
 * A new element, without those of `attributes` and `children` that are empty or false.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, string | number | boolean | undefined>} attributes
 * @param {(Node | string | false | undefined)[]} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function build(tag, attributes = {}, ...children) {
  const built = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) built.setAttribute(name, value === true ? '' : String(value));
  }
  for (const child of children) if (child) built.append(child);
  return built;
}

/** @param {string} text */
export const capital = (text) => text[0].toUpperCase() + text.slice(1);

/**
 * A text with code between backticks, as elements and texts.
 * @param {string} text
 */
export const withCode = (text) => text.split('`').map((part, at) => (at % 2 ? build('code', {}, part) : part));

/**
 * A function that calls `act` once it has not been called for `ms`.
 * @param {() => void} act
 * @param {number} ms
 */
export function debounce(act, ms) {
  let timer = 0;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(act, ms);
  };
}

/**
 * Makes each button with `data-copy` copy what that names: the text of an element, or the result of one of `sources`.
 * @param {Record<string, () => string>} sources
 */
export function enableCopying(sources = {}) {
  for (const button of document.querySelectorAll('button[data-copy]')) {
    if (!(button instanceof HTMLButtonElement)) continue;
    const name = button.dataset.copy ?? '';
    button.addEventListener('click', () => copy(button, (sources[name] ?? (() => text(name)))()));
  }
}

/**
 * @param {HTMLButtonElement} button
 * @param {string} copied
 */
async function copy(button, copied) {
  const label = (button.dataset.label ??= button.textContent ?? '');
  try {
    await navigator.clipboard.writeText(copied);
    button.textContent = 'Copied';
  } catch {
    // Without TLS, or where the browser forbids it.
    select(document.getElementById(button.dataset.copy ?? '') ?? shownBeside(button, copied));
    button.textContent = 'Press Ctrl+C';
  }
  element('announcement').textContent = button.textContent;
  setTimeout(() => {
    button.textContent = label;
    element('announcement').textContent = '';
  }, 2000);
}

/** @param {HTMLElement} shown */
function select(shown) {
  getSelection()?.selectAllChildren(shown);
}

/**
 * Shows a text that is nowhere on the page yet.
 * @param {HTMLElement} button
 * @param {string} copied
 */
function shownBeside(button, copied) {
  const shown = build('pre', { tabindex: 0, id: button.dataset.copy }, copied);
  button.parentElement?.after(shown);
  return shown;
}
