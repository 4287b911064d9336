/* The setup page: shows this host's addresses, and makes the code to embed from the choices. */
import { at, base, build, debounce, element, enableCopying, values } from './page.mjs';
import { fromFragment, merge, toFragment, toQuery } from './choices.mjs';
import { adapterCode, iframeCode } from './code.mjs';
import { describeSignIn, serverOf } from './sign-in.mjs';
import { Form } from './form.mjs';
import { CommonSettings } from './common-settings.mjs';
import { PreviewPanel } from './preview-panel.mjs';
import { ScopeList, enabledFeatures } from './scopes.mjs';
import { LiveTest } from './live-test.mjs';
import { rememberChecklists } from './checklist.mjs';

const ADDRESS_DELAY_MS = 300; // browsers limit how often a page may change its address

/**
 * @type {{groups: import('./choices.mjs').Group[], parameters: Record<string, string>, credentials: string[],
 *         aliases: Record<string, string>, version: string, release: string, source: string, relay: boolean,
 *         devices: string, profile: string, inSandbox: boolean, profiles: string[]} & import('./live-test.mjs').Host}
 */
const host = values;
const parameters = host.groups.flatMap((group) => group.parameters);
const credentials = parameters.filter(({ secret }) => secret).map(({ name }) => name);

// The page knows of a credential in the settings only that it is set.
const defaults = { ...host.parameters, ...Object.fromEntries(host.credentials.map((name) => [name, 'set'])) };

const form = new Form(
  host.groups,
  { defaults: host.parameters, credentials: host.credentials, version: host.version },
  host.aliases,
  () => showChoices(),
);
const commonSettings = new CommonSettings(form, host.aliases);
const scopes = new ScopeList(element('scopes'), host.features);
const liveTest = new LiveTest(host);
const ways = [...document.querySelectorAll('input[name=way]')].filter((way) => way instanceof HTMLInputElement);
// Without credentials: in a request they would reach logs, and the CDN.
const preview = new PreviewPanel(() => `${chosenWay()}?${toFragment(form.choices, parameters)}`);
const writeAddress = debounce(() => {
  const fragment = toFragment(form.choices, parameters);
  history.replaceState(null, '', `${location.pathname}${location.search}${fragment && `#${fragment}`}`);
}, ADDRESS_DELAY_MS);

const chosenWay = () => ways.find(({ checked }) => checked)?.value ?? 'adapter';

function showWay() {
  for (const part of document.querySelectorAll('[data-way]')) {
    part.toggleAttribute('hidden', part.getAttribute('data-way') !== chosenWay());
  }
  preview.restart();
}

/** Shows everything that depends on the choices. */
function showChoices() {
  commonSettings.show();
  const { choices } = form;
  const merged = merge(defaults, choices, host.aliases);
  const query = toQuery(choices);
  const secrets = credentials.filter((name) => choices[name]);
  element('adapter-code').textContent = adapterCode(query);
  element('iframe-code').textContent = iframeCode(query, host.devices);
  element('redirect-uri').textContent = merged.redirectUri || at('redirect.html');
  element('redirect-warning').hidden = choices.redirectUri === undefined;
  element('redirect-warning').textContent = choices.redirectUri
    ? 'This is not the redirect page of this host: redirectUri, chosen in step 2, names it. Register it only if it is yours.'
    : 'Without redirectUri, as chosen in step 2, the widget uses a redirect page of the CDN, and not this one.';
  element('sign-in').textContent = describeSignIn(merged, host.version, host.relay);
  element('secret-warning').hidden = secrets.length === 0;
  element('secret-warning').textContent =
    `This code has ${secrets.join(' and ')} in it: whoever opens the page can read that. PKCE needs no secret. ` +
    'The preview goes without.';
  showRequirements(merged, choices.redirectUri === '');
  preview.restart();
  writeAddress();
}

/** @type {(merged: import('./choices.mjs').Choices, isAtCdn: boolean) => void} `isAtCdn`: the redirect page is the CDN's */
function showRequirements(merged, isAtCdn) {
  const enabled = enabledFeatures(host.features, parameters, merged);
  const clientId = merged.clientId || merged.appKey || '';
  const redirectUri = isAtCdn ? '' : merged.redirectUri || at('redirect.html');
  scopes.show(enabled);
  const secrets = credentials.filter((name) => merged[name]);
  liveTest.refresh({ server: serverOf(merged), clientId, redirectUri }, merged, secrets, enabled);
}

/** Reads the choices from the address. A fragment that names a place on the page leaves them as they are. */
function readAddress() {
  const isPlace = location.hash !== '' && !location.hash.includes('=');
  if (!isPlace) form.choices = fromFragment(location.hash, parameters);
  showChoices();
}

function showHost() {
  const hosting = host.source ? 'cdn' : host.relay ? 'relayed' : 'unrelayed';
  element('unhosted').hidden = hosting !== 'cdn';
  element('unrelayed').hidden = hosting !== 'unrelayed';
  element('in-sandbox').hidden = !host.inSandbox;
  element('not-in-sandbox').hidden = host.inSandbox;
  for (const row of document.querySelectorAll('[data-hosting]')) {
    if (row.getAttribute('data-hosting') === hosting) row.setAttribute('aria-current', 'true');
  }
  element('elsewhere').hidden = base.origin === location.origin;
  element('elsewhere-address', HTMLAnchorElement).href = base.href;
  element('elsewhere-address').textContent = base.href;
  showProfiles();
}

function showProfiles() {
  const top = host.profile ? '../' : './';
  const links = [
    { name: 'default', href: top, isHere: !host.profile },
    ...host.profiles.map((name) => ({ name, href: `${top}${name}/`, isHere: name === host.profile })),
  ];
  element('profiles').hidden = host.profiles.length === 0;
  element('profile-list').replaceChildren(
    ...links.map(({ name, href, isHere }) =>
      build('li', {}, build('a', { href, 'aria-current': isHere && 'page' }, name)),
    ),
  );
}

function connectForm() {
  const search = element('search', HTMLInputElement);
  const onlyChosen = element('only-chosen', HTMLInputElement);
  const narrow = () => {
    const found = form.show(search.value, onlyChosen.checked);
    element('found').textContent =
      found === 0 ? 'No parameter matches.' : `${found} of ${parameters.length} parameters`;
  };
  search.addEventListener('input', narrow);
  onlyChosen.addEventListener('change', narrow);
  element('reset').addEventListener('click', () => {
    form.choices = {};
    showChoices();
    narrow();
  });
  element('common-settings').replaceChildren(...commonSettings.elements);
  element('parameters').replaceChildren(...form.elements);
  element('how-many').textContent = `${parameters.length}`;
  narrow();
}

element('print').addEventListener('click', () => window.print());
showHost();
connectForm();
rememberChecklists();
enableCopying({ link: () => `${base.href}#${toFragment(form.choices, parameters)}` });
for (const way of ways) way.addEventListener('change', showWay);
window.addEventListener('hashchange', readAddress);
showWay();
readAddress();
