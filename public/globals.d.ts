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
