/*
 * Drops from an address what a link must not decide: the credentials of a sign-in, and the servers that get them.
 *
 * The widget reads its parameters from the query and from the fragment, whoever made the address (docs/widget.md, "What
 * the widget does not check").
 */

/**
 * @typedef {'page-sign-in' | 'server' | 'settings'} Restriction who may decide: a page that signs its users in itself,
 *   whoever names a known server, or only the host's settings
 * @typedef {Record<string, {kind: Restriction, values: string[]}>} Restricted the values that an address may give
 */

/**
 * The fragment of an address that starts the app, without parameters in it: the widget reads them there as well, and
 * prefers them. What remains is a place in the app, such as "#/dialer".
 * @param {string} hash
 */
const restrictFragment = (hash) => {
  if (hash === '' || /^#[\w/-]*$/.test(hash)) return hash;
  console.warn('Embeddable Host: ignored what is behind the # of this address: parameters belong in its query.');
  return '';
};

/** @type {(query: URLSearchParams, restricted: Restricted, allowsPageSignIn: boolean) => URLSearchParams} */
const restrictParameters = (query, restricted, allowsPageSignIn) => {
  'use strict';

  const REASONS = {
    'page-sign-in': 'only a listed page may sign its users in, and only where the host allows it (widget.page_sign_in)',
    server: 'it is neither one of RingCentral’s servers nor in the host’s settings',
    settings: 'only the host’s settings can set it',
  };

  /** An address without the slash at its end, which means the same. @param {string} value */
  const trimmed = (value) => value.replace(/\/+$/, '');

  /** Listed pages are of other origins: a page of this one may be what a link has opened. */
  function isFramedByListedPage() {
    if (window.parent === window) return false;
    try {
      void window.parent.location.href;
      return false;
    } catch {
      return true; // frame-ancestors let in only the listed ones
    }
  }

  const isExempt = allowsPageSignIn && isFramedByListedPage();
  const allowed = new URLSearchParams();
  for (const [name, value] of new Map(query)) {
    const restriction = Object.hasOwn(restricted, name) ? restricted[name] : undefined;
    const isFree = !restriction || value === '' || (restriction.kind === 'page-sign-in' && isExempt);
    if (isFree || restriction.values.some((one) => trimmed(one) === trimmed(value))) allowed.append(name, value);
    else console.warn(`Embeddable Host: ignored the parameter ${name}: ${REASONS[restriction.kind]}.`);
  }
  return allowed;
};
