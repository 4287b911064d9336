/*
 * What the widget's adapter reads from and puts into a page's window (its contract since 1.8.5), what its app listens with,
 * and what `begin-sign-in.js` puts there.
 */
interface Window {
  RC_EMBEDDABLE_ADAPTER_MANUAL_INIT?: unknown;
  RCAdapterInit?: unknown;
  __ON_RC_POPUP_WINDOW?: number;
  oAuthCallback?: (address: string) => void;
  embeddableHost?: { isApart: boolean };
}

/* What before-app.js is given. */
interface BeforeApp {
  /** addresses of the profiles' folders, seen from the site's top */
  profiles: string[];
  /** the way from the script to the site's top */
  top: string;
  /** the release's files with the words of one language each, such as en-US.js */
  words: string[];
}
