// Stand-in for the widget's own redirect page: it tries the same ways in the same order, posts to the same origins, and
// uses the storage key that 2.3.1 writes and does not read.
(function () {
  "use strict";

  const ORIGINS = ["https://ringcentral.github.io", "https://apps.ringcentral.com", window.location.origin];
  const PREFIX = "rc-widget";

  function post(target, message) {
    for (const origin of ORIGINS) target.postMessage(message, origin);
  }

  function handOver() {
    const callbackUri = window.location.href;
    try {
      if (window.opener && window.opener.oAuthCallback) {
        window.opener.oAuthCallback(callbackUri);
        window.close();
        return;
      }
    } catch {
      // the opener is of another origin
    }
    if (window.opener) {
      post(window.opener, { callbackUri });
      window.close();
    }
    if (window.parent !== window) {
      post(window.parent, window.name === "SSOIframe" ? { callbackUri } : { refreshCallbackUri: callbackUri });
    }
    const state = new URL(callbackUri).searchParams.get("state");
    if (!state) return;
    const key = `${PREFIX}-${state.split("-").slice(1).join("-")}-redirect-callbackUri`;
    window.addEventListener("storage", (event) => {
      if (event.key === key && !event.newValue) window.close();
    });
    localStorage.setItem(key, callbackUri);
  }

  window.addEventListener("load", handOver);
})();
