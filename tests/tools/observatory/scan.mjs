/*
 * MDN's HTTP Observatory over a site, and Google's CSP Evaluator over the policies of its pages.
 *
 *     node scan.mjs NAME HTTPS_PORT HTTP_PORT PATH…
 *
 * The site is on loopback, whatever its name, and at the ports given instead of 443 and 80. Prints what was found, as
 * JSON: the Observatory's grade, score and failed tests, and by path what the Evaluator says of the policy there.
 */
import http from 'node:http';
import https from 'node:https';
import { writeFileSync } from 'node:fs';

const [name, httpsPort, httpPort, ...paths] = process.argv.slice(2);

/* Both tools ask by Node's agents, to which the name is a port of loopback. */
for (const [Agent, port] of [
  [http.Agent, httpPort],
  [https.Agent, httpsPort],
]) {
  const connect = Agent.prototype.createConnection;
  Agent.prototype.createConnection = function (options, ...rest) {
    return connect.call(this, { ...options, host: '127.0.0.1', port }, ...rest);
  };
}

/* The list of names that browsers know to be https alone. The package gets it from the network when it is installed. */
const list = new URL('../conf/hsts-preload.json', import.meta.resolve('@mdn/mdn-http-observatory'));
writeFileSync(list, '{}');

const { scan } = await import('@mdn/mdn-http-observatory');
const { CspEvaluator } = await import('csp_evaluator/dist/evaluator.js');
const { CspParser } = await import('csp_evaluator/dist/parser.js');
const { Severity } = await import('csp_evaluator/dist/finding.js');

/** @param {string} path @returns {Promise<string>} the page's policy; empty where it has none */
const policyOf = (path) =>
  new Promise((resolve, reject) => {
    const request = https.get({ host: name, path, servername: name }, (answer) => {
      answer.resume();
      resolve(String(answer.headers['content-security-policy'] ?? ''));
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
