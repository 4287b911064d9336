/*
 * A page with the widget in it, as a team's own would have it, for the setup page around it.
 *
 * The way of embedding and the query stand behind the # of the address. What the widget sends to its page goes on to
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
  function passOn({ source, data }) {
    const isWidgets = [...document.querySelectorAll('iframe')].some((frame) => frame.contentWindow === source);
    if (isWidgets && typeof data?.type === 'string') window.parent.postMessage({ event: data }, location.origin);
  }

  if (window.parent === window) return; // on its own it would be a widget with whatever parameters a link has
  window.addEventListener('message', passOn);
  document.body.append(way === 'iframe' ? embedFrame() : embedAdapter());
})();
