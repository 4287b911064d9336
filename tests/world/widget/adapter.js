// Stand-in for the widget's adapter. Like the real one, it reads parameters and passes some of them on, can be started
// manually, adds its elements to the page, and has the app's address of its build. The names in capitals are the build's:
// each brand's file differs only in them.
(function () {
  "use strict";

  const BUILD = {
    APP_VERSION:"2.3.1",
    HOSTING_URL: "https://apps.ringcentral.com/integration/ringcentral-embeddable/latest",
    ADAPTER_NAME: "adapter.js",
    BRAND: "",
  };

  const PASSED_ON = [
    "appKey", "clientId", "appSecret", "clientSecret", "appServer", "discovery", "discoverAppServer", "appVersion",
    "redirectUri", "proxyUri", "stylesUri", "disableCall", "disableMessages", "disableReadText",
    "disableConferenceInvite", "disableGlip", "disableMeeting", "disableContacts", "disableCallHistory", "authProxy",
    "prefix", "userAgent", "enableAnalytics", "enableErrorReport", "errorReportToken", "errorReportSampleRate",
    "errorReportProjectId", "authorizationCode", "authorizationCodeVerifier", "jwt", "externalAuthId",
    "defaultCallWith", "enableFromNumberSetting", "showMyLocationNumbers", "enableSmsSettingEvent",
    "disconnectInactiveWebphone", "multipleTabsSupport", "disableInactiveTabCallEvent", "disableLoginPopup",
    "enableWebRTCPlanB", "enableRingtoneSettings", "disableNoiseReduction", "showSignUpButton",
    "defaultAutoLogCallEnabled", "defaultAutoLogMessageEnabled", "enableSMSTemplate", "enableSmartNote",
    "enableSideWidget", "enableAudioInitPrompt", "enableSharedMessages", "enableLoadMoreCalls", "mainTab",
    "enableTypingTimeTracking",
  ];

  const SANDBOX =
    "allow-same-origin allow-scripts allow-forms allow-popups allow-downloads allow-popups-to-escape-sandbox";

  const script = document.currentScript || document.querySelector(`script[src*="${BUILD.ADAPTER_NAME}"]`);
  const fromPopup = window.__ON_RC_POPUP_WINDOW;
  const ownAddress = fromPopup ? window.location.href : (script && script.src) || "";

  function parametersOf(address) {
    const query = address.split("#")[0].split("?")[1] || "";
    return Object.fromEntries(new URLSearchParams(query));
  }

  function queryOf(parameters) {
    const present = Object.entries(parameters).filter(([, value]) => value);
    return present.map((pair) => pair.map(encodeURIComponent).join("=")).join("&");
  }

  class Adapter {
    constructor(appUrl, options) {
      this.prefix = options.prefix || "rc-widget";
      this.appUrl = appUrl;
      this.popupPageUri = options.popupPageUri || appUrl.split("?")[0].replace("app.html", "popup.html");
      this.root = document.createElement("div");
      this.root.id = this.prefix;
      this.root.className = `Adapter_root Adapter_${options.defaultDirection || "right"}`;
      this.root.style.cssText = `position: fixed; bottom: 0; z-index: ${parseInt(options.zIndex || "999", 10)}`;
      this.root.append(this.header(options), this.frame());
      document.body.append(this.root);
    }

    header(options) {
      const header = document.createElement("header");
      header.className = "Adapter_header";
      if (options.enablePopup) {
        const button = document.createElement("div");
        button.className = "Adapter_button Adapter_popup";
        button.textContent = "Popup";
        button.addEventListener("click", () => this.popupWindow());
        header.append(button);
      }
      return header;
    }

    frame() {
      const frame = document.createElement("iframe");
      frame.id = `${this.prefix}-adapter-frame`;
      frame.setAttribute("sandbox", SANDBOX);
      frame.setAttribute("allow", "microphone; autoplay");
      frame.width = 300;
      frame.height = 500;
      frame.src = this.appUrl;
      return frame;
    }

    popupWindow() {
      window.open(`${this.popupPageUri}?${this.appUrl.split("?")[1]}`, "RCPopupWindow", "width=300,height=535");
    }

    dispose() {
      this.root.remove();
    }
  }

  function init({ appUrl = `${BUILD.HOSTING_URL}/app.html`, options = parametersOf(ownAddress) } = {}) {
    if (window.RCAdapter) return;
    const passedOn = Object.fromEntries(PASSED_ON.map((name) => [name, options[name]]));
    const query = queryOf({ ...passedOn, brand: BUILD.BRAND, fromAdapter: 1, fromPopup, _t: Date.now() });
    window.RCAdapter = new Adapter(`${appUrl}?${query}`, options);
  }

  if (!window.RC_EMBEDDABLE_ADAPTER_MANUAL_INIT) {
    if (document.readyState === "complete") init();
    else window.addEventListener("load", () => init());
  }

  window.RCAdapterInit = init;
  window.RCAdapterDispose = () => {
    if (!window.RCAdapter) return;
    window.RCAdapter.dispose();
    window.RCAdapter = null;
  };
})();
