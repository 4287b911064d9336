/* The code that embeds the widget in a page, as a script and as a frame. */
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
 * @param {string} devices that the frame may use, each with the CDN's origin if the frame goes on to the CDN
 */
export function iframeCode(query, devices) {
  return `<iframe id="rc-widget" width="300" height="500"
        allow="autoplay; ${devices}"
        src="${address('app.html', query)}"></iframe>`;
}
