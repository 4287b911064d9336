/* The graduation tracker: the widget in a frame, and the count of its events for each of RingCentral's requirements. */
import { base, build, element, values } from './page.mjs';
import { Counter } from './counting.mjs';
import { Record } from './record.mjs';
import { Row } from './requirement.mjs';

/**
 * @type {{clientId: string, devices: string, origins: string[],
 *         requirements: import('./counting.mjs').Requirement[]}}
 */
const host = values;
const origins = host.origins.length ? host.origins : [location.origin];

const record = new Record(host.clientId);
const counter = new Counter(host.requirements, record);
const rows = host.requirements.map(
  (requirement) =>
    new Row(requirement, {
      add: () => addManually(requirement),
      undo: () => undo(requirement),
      reset: () => confirmReset(`“${requirement.title}” goes back to 0.`, [requirement]),
    }),
);
const dialog = element('confirmation', HTMLDialogElement);

/** @type {typeof host.requirements} those that a confirmation resets */
let toReset = [];

function show() {
  const undone = rows.filter((row) => !row.show(record.items(row.requirement.name)));
  const needed = undone.filter(({ requirement }) => !requirement.optional);
  const rest = undone.length ? ' The rest is required only of an app with active call control.' : '';
  element('total').textContent = `${rows.length - undone.length} of ${rows.length} done.`;
  element('ready').textContent = needed.length ? '' : `You can apply for production now.${rest}`;
  element('unstored').hidden = record.isStored;
  element('day').textContent = new Date().toLocaleString(undefined, { dateStyle: 'long', timeStyle: 'short' });
}

/** @param {typeof host.requirements} counted */
function announce(counted) {
  const counts = counted.map(({ name, title, required }) => `${title}: ${record.items(name).length} of ${required}.`);
  element('announcement').textContent = counts.join(' ');
}

/** @param {typeof host.requirements[number]} requirement */
function addManually(requirement) {
  const now = Date.now();
  record.add(requirement.name, `manual-${now}-${Math.random()}`, now, true);
  show();
  announce([requirement]);
}

/** @param {typeof host.requirements[number]} requirement */
function undo(requirement) {
  const last = record.items(requirement.name).filter(({ isManual }) => isManual).at(-1);
  if (last) record.remove(requirement.name, last.identity);
  show();
  announce([requirement]);
}

/** @type {(text: string, requirements: typeof host.requirements) => void} */
function confirmReset(text, requirements) {
  toReset = requirements;
  element('confirmation-text').textContent = text;
  dialog.showModal();
}

function reset() {
  for (const { name } of toReset) record.reset(name);
  dialog.close();
  show();
  announce(toReset);
}

/** @param {HTMLIFrameElement} frame the widget's */
function listenTo(frame) {
  window.addEventListener('message', ({ source, origin, data }) => {
    if (source === null || source !== frame.contentWindow || !origins.includes(origin)) return;
    const counted = counter.count(data, Date.now());
    if (counted.length === 0) return;
    show();
    announce(counted);
  });
}

function showPhone() {
  const frame = build('iframe', { id: 'phone-frame', class: 'phone', title: 'The phone', allow: `autoplay; ${host.devices}` });
  listenTo(frame);
  frame.src = 'app.html';
  element('phone-stage').replaceChildren(frame);
}

element('requirements').replaceChildren(...rows.map((row) => row.element));
element('print').addEventListener('click', () => window.print());
element('reset-all').addEventListener('click', () =>
  confirmReset('Everything goes back to 0, manual counts included.', host.requirements),
);
element('keep').addEventListener('click', () => dialog.close());
element('reset').addEventListener('click', reset);
window.addEventListener('storage', (event) => record.isChangedBy(event) && show());
window.addEventListener('beforeprint', show);
show();

element('elsewhere').hidden = base.origin === location.origin;
element('elsewhere-address', HTMLAnchorElement).href = `${base.href}graduation.html`;
element('elsewhere-address').textContent = `${base.href}graduation.html`;
element('no-client-id').hidden = host.clientId !== '';
element('tracker').hidden = false; // all at once, so that nothing moves
if (host.clientId && base.origin === location.origin) showPhone();
