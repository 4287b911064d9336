/*
 * Properties of a page's window: those that the widget's adapter reads or sets (since 1.8.5), the function by which its app
 * receives callbacks, and the object that `begin-sign-in.js` sets.
 */
interface Window {
  RC_EMBEDDABLE_ADAPTER_MANUAL_INIT?: unknown;
  RCAdapterInit?: unknown;
  __ON_RC_POPUP_WINDOW?: number;
  oAuthCallback?: (address: string) => void;
  embeddableHost?: { isApart: boolean };
}

/* The values of before-app.js. */
interface BeforeApp {
  /** addresses of the profiles' folders, relative to the site's top */
  profiles: string[];
  /** relative address of the site's top, from the script */
  top: string;
  /** the release's language files, such as en-US.js */
  words: string[];
}
