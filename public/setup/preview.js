/*
 * A page with the widget, like a team's own, for the setup page around it.
 *
 * The way of embedding and the query are after the # of the address. What the widget sends to this page is forwarded to
 * the setup page.
 */
(() => {
  'use strict';

  /** @type {{devices: string}} */
  const values = /** @type {any} */ ({ "values": null });

  const [way, query] = location.hash.slice(1).split('?');

  /** @param {string} path */
  const address = (path) => (query ? `${path}?${query}` : path);

  function embedAdapter() {
    const script = document.createElement('script');
    script.src = address('adapter.js');
    return script;
  }

  function embedFrame() {
    const frame = document.createElement('iframe');
    frame.id = 'rc-widget';
    frame.title = 'RingCentral';
    frame.width = '300';
    frame.height = '500';
    frame.allow = `autoplay; ${values.devices}`;
    frame.src = address('app.html');
    return frame;
  }

  /** @param {MessageEvent} message */
  function forward({ source, data }) {
    const fromWidget = [...document.querySelectorAll('iframe')].some((frame) => frame.contentWindow === source);
    if (fromWidget && typeof data?.type === 'string') window.parent.postMessage({ event: data }, location.origin);
  }

  if (window.parent === window) return; // outside the setup page, any link could set the widget's parameters
  window.addEventListener('message', forward);
  document.body.append(way === 'iframe' ? embedFrame() : embedAdapter());
})();
