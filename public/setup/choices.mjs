/*
 * The parameters that a page sets instead of the host's defaults: the query of its script or frame.
 *
 * A missing name leaves the host's default, an empty value switches it off. The same query is in the code, and after the #
 * of the setup page's own address, where it never leaves the browser.
 */

/**
 * @typedef {object} Parameter one row of the server's table
 * @property {string} name
 * @property {'text' | 'URL' | 'https URL' | 'number' | 'choice' | 'switch'} kind
 * @property {string} about
 * @property {string} unset the effect if it is not set, in words
 * @property {string} since the first release that reads it
 * @property {string[]} choices
 * @property {boolean} secret
 * @property {string} on the value that switches it on
 * @property {string} off
 *
 * @typedef {{name: string, parameters: Parameter[]}} Group
 * @typedef {Record<string, string>} Choices
 */

/** @param {Choices} choices */
export function toQuery(choices) {
  return new URLSearchParams(choices).toString();
}

/**
 * The choices in an address's fragment, of the known parameters. Credentials are ignored: addresses are passed around.
 * @param {string} fragment
 * @param {Parameter[]} parameters
 * @returns {Choices}
 */
export function fromFragment(fragment, parameters) {
  const query = new URLSearchParams(fragment.replace(/^#/, ''));
  const known = parameters.filter(({ name, secret }) => !secret && query.has(name));
  return Object.fromEntries(known.map(({ name }) => [name, query.get(name) ?? '']));
}

/**
 * @param {Choices} choices
 * @param {Parameter[]} parameters
 */
export function toFragment(choices, parameters) {
  const secrets = parameters.filter(({ secret }) => secret).map(({ name }) => name);
  return toQuery(Object.fromEntries(Object.entries(choices).filter(([name]) => !secrets.includes(name))));
}

/**
 * The parameters that the widget gets: the choices override the defaults, as in the adapter's own script.
 * @param {Choices} defaults
 * @param {Choices} choices
 * @param {Record<string, string>} aliases the other name of a parameter, by its name
 */
export function merge(defaults, choices, aliases) {
  const merged = { ...defaults };
  for (const [name, value] of Object.entries(choices)) {
    delete merged[aliases[name]];
    merged[name] = value;
  }
  return Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== ''));
}

/**
 * Whether a switch is on in a widget with these merged parameters.
 * @param {Parameter} parameter
 * @param {Choices} merged
 */
export function isOn({ name, kind, on, off }, merged) {
  if (kind !== 'switch') return false;
  // A switch that `false` turns off is on by default; one that is off by default is on with any value.
  return off === '' ? name in merged : !(name in merged) || merged[name] === on;
}

/**
 * Whether the release `one` is older than `other`; false for an unknown one.
 * @param {string} one
 * @param {string} other
 */
export function isOlder(one, other) {
  if (!/^\d/.test(one)) return false;
  return one.localeCompare(other, 'en', { numeric: true }) < 0;
}
