/* Fills the setup page with this host's own addresses. */
(() => {
  'use strict';

  /** @type {{home: string, release: string, appOrigin: string, profiles: Record<string, string>}} */
  const values = /** @type {any} */ ({ "values": null });

  const home = new URL(values.home || '.', location.href.replace(/[?#].*/, ''));
  /** @param {string} path */
  const at = (path) => new URL(path, home).href;

  /**
   * @param {string} id
   * @param {string} text
   */
  function show(id, text) {
    const element = document.getElementById(id);
    if (element) element.textContent = text;
  }

  // The microphone is granted to the origin of `src`; where the frame goes on to the CDN, that must be named as well.
  const allow = ['autoplay;', 'microphone', values.appOrigin].filter(Boolean).join(' ');

  show('redirect-uri', at('redirect.html'));
  show('adapter-snippet', `<script src="${at('adapter.js')}"><\/script>`);
  show(
    'iframe-snippet',
    `<iframe id="rc-widget" width="300" height="500" allow="${allow}" src="${at('app.html')}"></iframe>`,
  );
  show(
    'release',
    values.appOrigin
      ? `No release is hosted here: the widget comes from ${values.appOrigin}. Run “embeddable-host pull” to host one; ` +
          'only then users can sign in where the sign-in page cuts the window off or the browser denies storage.'
      : `The widget is hosted here: release ${values.release}.`,
  );

  const profiles = document.getElementById('profiles');
  for (const [name, address] of Object.entries(values.profiles)) {
    const link = document.createElement('a');
    link.href = at(address);
    link.textContent = name;
    const item = document.createElement('li');
    item.append(link);
    profiles?.querySelector('ul')?.append(item);
    if (profiles) profiles.hidden = false;
  }
})();
