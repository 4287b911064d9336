/*
 * Properties of a page's window: those that the widget's adapter reads or sets (since 1.8.5), the function by which its app
 * receives callbacks, and the object that `begin-sign-in.js` sets.
 */
interface Window {
  RC_EMBEDDABLE_ADAPTER_MANUAL_INIT?: unknown;
  RCAdapterInit?: unknown;
  __ON_RC_POPUP_WINDOW?: number;
  oAuthCallback?: ((address: string) => void) | null;
  embeddableHost?: { isApart: boolean };
}

/* The values of before-app.js. */
interface BeforeApp {
  /** the relative address from the script to the site's top */
  top: string;
  /** the profiles' folders, relative to the site's top */
  profiles: string[];
  /** the release's files with the texts of one language each, such as en-US.js */
  languages: string[];
  /** the relay's limits; null where there is no relay */
  relay: RelayLimits | null;
  /** addresses of the platform that a sign-in begins with */
  authorize: string[];
  /** origins of RingCentral's servers and of those in the settings */
  servers: string[];
  /** the redirect URIs in the settings */
  redirectUris: string[];
  /** the name of the app's sign-in window */
  windowName: string;
  restricted: Restricted;
  /** origins of the pages that may sign their users in themselves; none unless the settings allow it */
  pageSignIn: string[];
  /** whether a page of the host stands in for the app, with any client id and redirect URI */
  isTest: boolean;
  /** the parameters of a callback: those that the app may read, and those that need a check */
  callback: { passedOn: string[]; credentials: string[]; servers: string[] };
}
