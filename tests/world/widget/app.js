// Stand-in for the widget's app. It reads parameters, stores data and signs in like the real one, and checks as little of
// a callback (docs/widget.md); the phone is missing. Tests look at `window.phone`. They can limit the ways in which the app
// accepts a callback, with a parameter that is passed on and means nothing else: `userAgent=ways:message,storage`.
(function () {
  "use strict";

  const DEFAULTS = {
    appServer: "https://platform.ringcentral.com",
    prefix: "rc-widget",
    redirectUri: "https://apps.ringcentral.com/integration/ringcentral-embeddable/latest/redirect.html",
  };
  const PRESENCE = [
    "disableCall", "disableMessages", "disableReadText", "disableMeeting", "disableContacts", "disableCallHistory",
  ];
  const TRI_STATE = ["disableGlip", "disableConferenceInvite"];
  const WAYS = ["oAuthCallback", "message", "storage", "poll"];
  const RINGTONE = "audio/incoming_d94a697c26b91b7639c790f9afa32e24.ogg";
  const LOGO = "/assets/rc/logo.svg";
  const POLL_INTERVAL_MS = 1000;

  // The bundler's runtime: chunks come from this script's folder, by name or number.
  const folder = new URL(".", document.currentScript.src);
  const runtime = { u: function (e) { return ({867:"en-US"}[e]||e)+".js"; } };
  const chunks = (self.webpackChunkringcentral_embeddable = self.webpackChunkringcentral_embeddable || []);
  runtime.e = (number) =>
    new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = new URL(runtime.u(number), folder);
      script.onload = () => resolve(chunks.find(([numbers]) => numbers.includes(number))[1]);
      script.onerror = () => reject(new Error(`Loading chunk ${number} failed.`));
      document.head.append(script);
    });

  // The query and the fragment of any address; the fragment wins.
  function parse(address) {
    const { searchParams, hash } = new URL(address, location.href);
    return { ...Object.fromEntries(searchParams), ...Object.fromEntries(new URLSearchParams(hash.slice(1))) };
  }

  const JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer";
  const parameters = parse(location.href);
  const clientId = parameters.clientId || parameters.appKey;
  if (!clientId) throw new Error("RingCentral App Client Id is required.");

  function appServer() {
    const server = parameters.appServer || "";
    return server.startsWith("https://") && !server.includes("?") ? server : DEFAULTS.appServer;
  }

  function isOn(name) {
    if (PRESENCE.includes(name)) return name in parameters;
    if (TRI_STATE.includes(name)) return !(name in parameters) || parameters[name] === "true";
    return Boolean(parameters[name]);
  }

  const prefix = parameters.prefix || DEFAULTS.prefix;
  const redirectUri = new URL(parameters.redirectUri || DEFAULTS.redirectUri, location.href).href;
  const uuid = crypto.randomUUID();
  const stateTail = `undefined-${encodeURIComponent(btoa(uuid))}`;
  const sessionKey = `${prefix}-session`;
  const callbackKey = `${stateTail}-callbackUri`;
  let verifier = Array.from(crypto.getRandomValues(new Uint8Array(32)), (byte) =>
    byte.toString(16).padStart(2, "0"),
  ).join("");
  const ways = (parameters.userAgent || "").startsWith("ways:") ? parameters.userAgent.slice(5).split(",") : WAYS;

  let codeChallenge = "";
  let loginWindow = null;
  let pollTimer = null;

  const phone = (window.phone = {
    parameters,
    isOn,
    received: [], // the way of each callback that reached the app
    signedIn: false,
    texts: {},
    get polling() { return pollTimer !== null; },
  });

  function show(text) {
    document.getElementById("status").textContent = text;
  }

  function setSignedIn() {
    phone.signedIn = true;
    window.oAuthCallback = null;
    show(phone.texts.signedIn);
    window.parent.postMessage({ type: "rc-login-status-notify", loggedIn: true }, "*");
  }

  async function challenge() {
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
    return btoa(String.fromCharCode(...new Uint8Array(digest)))
      .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  }

  const usesPkce = !(parameters.clientSecret || parameters.appSecret);

  function authorizeUri(address = `${appServer()}/restapi/oauth/authorize`, extra = {}) {
    const query = new URLSearchParams({
      response_type: "code",
      redirect_uri: redirectUri,
      client_id: clientId,
      state: `${btoa(`${Date.now()}`)}-${stateTail}`,
      display: "page",
      ...(usesPkce ? { code_challenge: codeChallenge, code_challenge_method: "S256" } : {}),
      ...extra,
    });
    return `${address}?${query}`;
  }

  async function requestToken(grant, address = `${appServer()}/restapi/oauth/token`) {
    const body = new URLSearchParams({ client_id: clientId, redirect_uri: redirectUri, ...grant });
    const response = await fetch(address, { method: "POST", credentials: "include", body });
    if (!response.ok) throw new Error((await response.json()).error);
  }

  function requestCode(code, tokenUri) {
    const proof = usesPkce ? { code_verifier: verifier } : {};
    return requestToken({ grant_type: "authorization_code", code, ...proof }, tokenUri);
  }

  async function handleCallback(callbackUri, way) {
    phone.received.push(way);
    stopPolling();
    const callback = parse(callbackUri);
    try {
      if (callback.error) throw new Error(callback.error);
      if (callback.jwt) await requestToken({ grant_type: JWT_GRANT, assertion: callback.jwt });
      else if (callback.code_verifier) verifier = callback.code_verifier;
      if (callback.code) await requestCode(callback.code, parameters.discovery ? callback.token_uri : undefined);
      else if (!callback.access_token && !callback.jwt) return;
      localStorage.setItem(sessionKey, "signed in");
      setSignedIn();
    } catch (error) {
      show(`${phone.texts.failed}: ${error.message}`);
    }
  }

  function stopPolling() {
    clearTimeout(pollTimer);
    pollTimer = null;
  }

  function poll() {
    pollTimer = null;
    if (!loginWindow || loginWindow.closed) return;
    try {
      const href = loginWindow.location.href;
      if (href.includes(redirectUri)) {
        loginWindow.close();
        handleCallback(href, "poll");
        return;
      }
    } catch {
      // the window is still on another origin
    }
    pollTimer = setTimeout(poll, POLL_INTERVAL_MS);
  }

  function listen() {
    if (ways.includes("oAuthCallback")) window.oAuthCallback = (href) => handleCallback(href, "oAuthCallback");
    window.addEventListener("message", ({ data }) => {
      if (data?.callbackUri && ways.includes("message")) handleCallback(data.callbackUri, "message");
    });
    window.addEventListener("storage", ({ key, newValue }) => {
      if (key === sessionKey && newValue) setSignedIn();
      if (key !== callbackKey || !newValue || !ways.includes("storage")) return;
      localStorage.removeItem(callbackKey);
      handleCallback(newValue, "storage");
    });
  }

  async function discoverUri() {
    const server = parameters.discoverAppServer || DEFAULTS.appServer;
    const response = await fetch(`${server}/.well-known/entry-points/initial?clientId=${clientId}`);
    return authorizeUri((await response.json()).authApi.authorizationUri, { discovery: "true" });
  }

  // Synchronous, except with discovery: a browser allows a window only while it handles the click.
  async function signIn() {
    const uri = parameters.discovery ? await discoverUri() : authorizeUri();
    if (isOn("disableLoginPopup")) {
      window.parent.postMessage({ type: "rc-login-popup-notify", oAuthUri: uri }, "*");
      return;
    }
    loginWindow = window.open(uri, "rc-oauth", "scrollbars=yes, width=600, height=600");
    if (ways.includes("poll") && redirectUri.startsWith(window.origin)) pollTimer = setTimeout(poll, POLL_INTERVAL_MS);
  }

  function addStyles() {
    if (document.querySelector('link[href="app.css"]')) return;
    const link = document.createElement("link");
    link.rel = "stylesheet";
    link.href = "app.css";
    document.head.append(link);
  }

  function render() {
    document.getElementById("viewport").innerHTML = `
      <img alt="" src="${new URL("." + LOGO, folder)}">
      <audio preload="none" src="${new URL(RINGTONE, folder)}"></audio>
      <button id="signIn">${phone.texts.signIn}</button>
      <p id="status"></p>`;
    document.getElementById("signIn").addEventListener("click", signIn);
  }

  async function start() {
    Object.assign(phone.texts, ...(await Promise.all([runtime.e(495), runtime.e(867)])));
    codeChallenge = await challenge();
    render();
    listen();
    if (localStorage.getItem(sessionKey)) return setSignedIn();
    const { authorizationCode, authorizationCodeVerifier, jwt } = parameters;
    verifier = authorizationCodeVerifier || verifier;
    if (authorizationCode) handleCallback(`${redirectUri}?code=${authorizationCode}`, "parameter");
    else if (jwt) handleCallback(`${redirectUri}?jwt=${jwt}`, "parameter");
  }

  addStyles();
  localStorage.getItem(sessionKey); // like the real one: where storage is denied this throws, and the app does not start
  start();
})();
