/* The code that puts the widget on a page, in both ways. */
import { at } from './page.mjs';

/**
 * @param {string} path
 * @param {string} query
 */
const address = (path, query) => at(path) + (query && `?${query}`);

/** @param {string} query as `toQuery` makes it: without quotes, and `&` only before a name and `=` */
export function adapterCode(query) {
  return `<script src="${address('adapter.js', query)}"></script>`;
}

/**
 * @param {string} query
 * @param {string} microphone who gets it: it is granted to the origin of `src`, and where the frame goes on to the CDN
 *   that must be named as well (`microphone https://…`)
 */
export function iframeCode(query, microphone) {
  return `<iframe id="rc-widget" width="300" height="500" allow="autoplay; ${microphone}"
        src="${address('app.html', query)}"></iframe>`;
}
