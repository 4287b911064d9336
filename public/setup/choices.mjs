/*
 * What a page chooses over the host's defaults: the query of its script or frame.
 *
 * A name that is not there leaves the host's default, an empty text switches it off. The same query stands in the code,
 * and behind the # of the setup page's own address, where it never leaves the browser.
 */

/**
 * @typedef {object} Parameter one row of the server's table
 * @property {string} name
 * @property {'text' | 'URL' | 'https URL' | 'number' | 'choice' | 'switch'} kind
 * @property {string} about
 * @property {string} unset what holds unless it is set, in words
 * @property {string} since the first release that reads it
 * @property {string[]} choices
 * @property {boolean} secret
 * @property {string} on what a page writes to switch it on
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
 * The choices in an address's fragment that `parameters` know. Credentials are none: an address is passed around.
 * @param {string} fragment
 * @param {Parameter[]} parameters
 * @returns {Choices}
 */
export function fromFragment(fragment, parameters) {
  const given = new URLSearchParams(fragment.replace(/^#/, ''));
  const known = parameters.filter(({ name, secret }) => !secret && given.has(name));
  return Object.fromEntries(known.map(({ name }) => [name, given.get(name) ?? '']));
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
 * What the widget is given in the end: the choices over the defaults, as the adapter's own script lays them.
 * @param {Choices} defaults
 * @param {Choices} choices
 * @param {Record<string, string>} aliases the other name of a parameter, by its name
 */
export function laidOver(defaults, choices, aliases) {
  const laid = { ...defaults };
  for (const [name, value] of Object.entries(choices)) {
    delete laid[aliases[name]];
    laid[name] = value;
  }
  return Object.fromEntries(Object.entries(laid).filter(([, value]) => value !== ''));
}

/**
 * Whether a switch is on for a widget that is given these parameters, as `laidOver` makes them.
 * @param {Parameter} parameter
 * @param {Choices} given
 */
export function isOn({ name, kind, on, off }, given) {
  if (kind !== 'switch') return false;
  // What is off by `false` is on unless it is given; what is off by its absence is on by any text.
  return off === '' ? name in given : !(name in given) || given[name] === on;
}

/**
 * Whether the release `one` is older than `other`; an unknown one is not.
 * @param {string} one
 * @param {string} other
 */
export function isOlder(one, other) {
  if (!/^\d/.test(one)) return false;
  return one.localeCompare(other, 'en', { numeric: true }) < 0;
}
