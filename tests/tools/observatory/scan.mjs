/*
 * Runs MDN's HTTP Observatory on a site, and Google's CSP Evaluator on the policies of its pages.
 *
 *     node scan.mjs NAME HTTPS_PORT HTTP_PORT PATH…
 *
 * Whatever its name, the site is on loopback, at these ports instead of 443 and 80. Prints JSON: the Observatory's grade,
 * score and failed tests, and the Evaluator's findings by path.
 */
import http from 'node:http';
import https from 'node:https';
import { writeFileSync } from 'node:fs';

const [name, httpsPort, httpPort, ...paths] = process.argv.slice(2);

/* Both tools use Node's agents, which connect every name to loopback. */
for (const [Agent, port] of [
  [http.Agent, httpPort],
  [https.Agent, httpsPort],
]) {
  const connect = Agent.prototype.createConnection;
  Agent.prototype.createConnection = function (options, ...rest) {
    return connect.call(this, { ...options, host: '127.0.0.1', port }, ...rest);
  };
}

/* The list of names that browsers reach only by https. The package downloads it at its installation. */
const list = new URL('../conf/hsts-preload.json', import.meta.resolve('@mdn/mdn-http-observatory'));
writeFileSync(list, '{}');

const { scan } = await import('@mdn/mdn-http-observatory');
const { CspEvaluator } = await import('csp_evaluator/dist/evaluator.js');
const { CspParser } = await import('csp_evaluator/dist/parser.js');
const { Severity } = await import('csp_evaluator/dist/finding.js');

/** @param {string} path @returns {Promise<string>} the page's policy; empty if it has none */
const policyOf = (path) =>
  new Promise((resolve, reject) => {
    const request = https.get({ host: name, path, servername: name }, (response) => {
      response.resume();
      resolve(String(response.headers['content-security-policy'] ?? ''));
    });
    request.on('error', reject);
  });

/** @param {string} policy */
const findingsIn = (policy) =>
  new CspEvaluator(new CspParser(policy).csp)
    .evaluate()
    .map(({ severity, directive, description }) => ({ severity: Severity[severity], directive, description }));

const { scan: found, tests } = await scan(name);
const failed = Object.entries(tests).filter(([, { pass }]) => !pass).map(([test, { result }]) => `${test}: ${result}`);
const policies = {};
for (const path of paths) policies[path] = findingsIn(await policyOf(path));
console.log(JSON.stringify({ grade: found.grade, score: found.score, failed, policies }));
