/* The faults that a page can see, from the server's table (`faults.toml`). */
import { values } from './page.mjs';

/**
 * @typedef {{why: string, fix: string, statuses: number[], relayStatuses: number[]}} Fault
 * @typedef {{fault: string, actual: string}} Finding the name of a fault, and what shows it
 */

const OTHER_STATUS = 'status'; // the fault for a status that no other fault lists

const faults = /** @type {Record<string, Fault>} */ (values.faults);

/** @type {(status: number) => string} the fault that a page's status shows */
export const faultOfStatus = (status) => find(({ statuses }) => statuses.includes(status));

/** @type {(status: number) => string} the fault that a status of the relay shows */
export const faultOfRelayStatus = (status) => find(({ relayStatuses }) => relayStatuses.includes(status));

/** @param {(fault: Fault) => boolean} matches */
function find(matches) {
  return Object.keys(faults).find((name) => matches(faults[name])) ?? OTHER_STATUS;
}

/** @type {(finding: Finding | undefined) => {actual: string, advice: string} | undefined} as people read it */
export function explain(finding) {
  if (!finding) return undefined;
  const { why, fix } = faults[finding.fault];
  return { actual: `${finding.actual}.`, advice: `${why} ${fix}` };
}
