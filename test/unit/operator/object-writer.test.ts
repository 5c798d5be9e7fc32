import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '../../../src/api/meta.ts';
import { ApiError } from '../../../src/kube/errors.ts';
import { type Child, toChild } from '../../../src/operator/child.ts';
import { ObjectWriter, type WriteClient } from '../../../src/operator/object-writer.ts';
import type { Manifest } from '../../../src/resources/owned.ts';
import { silentLogger } from '../../../src/telemetry/logger.ts';

const owner = { key: 'default/shop', name: 'shop', uid: 'owner-1' };
const reference = { apiVersion: 'evenkeel.dev/v1alpha1', kind: 'LoadBalancedService', name: 'shop', uid: 'owner-1', controller: true };

function manifest(data = 'one'): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'shop--balancer', namespace: 'default', ownerReferences: [reference] },
    data: { data },
  };
}

const apiError = (code: number, reason: string, more: object = {}) =>
  new ApiError('write', { code, reason, message: `words of ${reason}`, details: {}, ...more });

/** Which object an apply is for. Version 1 is that of none. */
function meaning({ metadata = {} }: KubeObject): string {
  if (metadata.uid) return 'apply with uid';
  return metadata.resourceVersion === '1' ? 'create' : 'apply';
}

/** Writes down what is asked, and answers with the object, a new version and the field managers that a real API server would note. */
class FakeApi {
  readonly calls: string[] = [];
  readonly failures = new Map<string, Error[]>();
  live: KubeObject | null = null;
  #version = 100;

  readonly client = {
    apply: async (object: KubeObject) => this.#answer(meaning(object), object, 'Apply'),
    mergePatch: async (_ref: unknown, _name: unknown, patch: KubeObject) =>
      this.#answer('patch', { ...this.live, ...patch, metadata: { ...this.live?.metadata, ...patch.metadata } }, null),
    find: async () => {
      this.#fail('find');
      return this.live;
    },
    delete: async () => {
      this.calls.push('delete');
      return true;
    },
  } as unknown as WriteClient;

  /** As a version of the operator left it that created by POST. */
  posted(object: KubeObject): void {
    this.#answer('post', object, 'Update');
    this.calls.length = 0;
  }

  failOnce(call: string, error: Error): void {
    this.failures.set(call, [...(this.failures.get(call) ?? []), error]);
  }

  get child(): Child | undefined {
    return this.live === null ? undefined : toChild(this.live);
  }

  #fail(call: string): void {
    this.calls.push(call);
    const error = this.failures.get(call)?.shift();
    if (error !== undefined) throw error;
  }

  #answer(call: string, object: KubeObject, operation: string | null): KubeObject {
    this.#fail(call);
    const before = (this.live?.metadata?.managedFields ?? []) as { operation: string }[];
    const managedFields =
      operation === null
        ? object.metadata?.managedFields
        : [
            ...before.filter((entry) => entry.operation !== operation),
            { manager: 'evenkeel', operation, apiVersion: 'v1', fieldsV1: { 'f:metadata': {}, 'f:data': {} } },
          ];
    const metadata = {
      ...object.metadata,
      uid: 'uid-1',
      resourceVersion: String(++this.#version),
      ...(managedFields ? { managedFields } : {}),
    };
    this.live = { ...object, metadata };
    return this.live;
  }
}

function setUp() {
  const api = new FakeApi();
  const clock = { now: 0 };
  const make = () => new ObjectWriter({ client: api.client, logger: silentLogger, now: () => clock.now });
  return { api, clock, make, writer: make() };
}

test('the first write is one apply that is for no object; after that nothing is written', async () => {
  const { api, clock, writer } = setUp();
  await writer.ensure(owner, manifest(), undefined);
  assert.deepEqual(api.calls, ['create']);
  clock.now = 60_000;
  assert.deepEqual(await writer.ensure(owner, manifest(), api.child), { state: 'InPlace', laterMs: null });
  assert.equal(api.calls.length, 1);
});

test('a writer that does not remember writes nothing where the object says that it is as wanted, and then notices what changes', async () => {
  const { api, clock, make, writer } = setUp();
  await writer.ensure(owner, manifest(), undefined);
  api.calls.length = 0;
  const restarted = make();
  assert.deepEqual(await restarted.ensure(owner, manifest(), api.child), { state: 'InPlace', laterMs: null });
  assert.deepEqual(api.calls, []);
  // Under our own name, so that nothing tells of it but the content.
  const { data: _data, ...rest } = api.live as KubeObject & { data: unknown };
  api.live = { ...rest, data: { data: 'theirs' }, metadata: { ...rest.metadata, resourceVersion: '999' } } as KubeObject;
  clock.now = 60_000;
  await restarted.ensure(owner, manifest(), api.child);
  assert.deepEqual(api.calls, ['apply with uid']);
});

test('a writer that does not remember applies what is not as it was applied last', async () => {
  const { api, make, writer } = setUp();
  await writer.ensure(owner, manifest(), undefined);
  api.calls.length = 0;
  await make().ensure(owner, manifest('two'), api.child);
  assert.deepEqual(api.calls, ['apply with uid']);
  const metadata = { ...api.live?.metadata, managedFields: [{ manager: 'evenkeel', operation: 'Apply', fieldsV1: { 'f:metadata': {} } }] };
  api.live = { ...api.live, metadata } as KubeObject;
  await make().ensure(owner, manifest('two'), api.child);
  assert.deepEqual(api.calls, ['apply with uid', 'apply with uid'], 'somebody has taken over data');
});

test('a change is applied to the very object', async () => {
  const { api, writer } = setUp();
  await writer.ensure(owner, manifest(), undefined);
  api.calls.length = 0;
  await writer.ensure(owner, manifest('two'), api.child);
  assert.deepEqual(api.calls, ['apply with uid']);
});

test('an object that an earlier version created by POST becomes ours by apply', async () => {
  const { api, writer } = setUp();
  api.posted(manifest());
  await writer.ensure(owner, manifest(), api.child);
  assert.deepEqual(api.calls, ['apply with uid', 'patch', 'apply with uid']);
  assert.deepEqual(
    ((api.live?.metadata?.managedFields ?? []) as { operation: string }[]).map(({ operation }) => operation),
    ['Apply'],
  );
});

test('a hand-over that meets a newer version is made on that one', async () => {
  const { api, writer } = setUp();
  api.posted(manifest());
  api.failOnce('patch', apiError(409, 'Conflict'));
  await writer.ensure(owner, manifest(), api.child);
  assert.deepEqual(api.calls, ['apply with uid', 'patch', 'find', 'patch', 'apply with uid']);
});

test("what is refused is told in the API server's words, and is not sent again before its time or another manifest", async () => {
  const { api, clock, writer } = setUp();
  api.failOnce('create', apiError(422, 'Invalid'));
  const refused = await writer.ensure(owner, manifest(), undefined);
  assert.equal(refused.state, 'Refused');
  assert.ok(refused.state === 'Refused' && refused.problem.reason === 'Invalid' && refused.problem.message.includes('words of Invalid'));
  clock.now = 1_000;
  assert.equal((await writer.ensure(owner, manifest(), undefined)).state, 'Refused');
  assert.deepEqual(api.calls, ['create']);
  assert.equal((await writer.ensure(owner, manifest('two'), undefined)).state, 'InPlace');
});

test('what was refused is tried again after its time', async () => {
  const { api, clock, writer } = setUp();
  api.failOnce('create', apiError(403, 'Forbidden'));
  await writer.ensure(owner, manifest(), undefined);
  clock.now = 61_000;
  assert.equal((await writer.ensure(owner, manifest(), undefined)).state, 'InPlace');
});

test('an object of somebody else is read, not written', async () => {
  const { api, writer } = setUp();
  api.live = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'shop--balancer', uid: 'theirs' } };
  api.failOnce('create', apiError(409, 'Conflict'));
  const written = await writer.ensure(owner, manifest(), undefined);
  assert.ok(written.state === 'Refused' && written.problem.reason === 'NameConflict');
  assert.deepEqual(api.calls, ['create', 'find']);
});

test('one that is ours after all, though the cache did not know it, is applied to where it is not as wanted', async () => {
  const { api, make, writer } = setUp();
  await writer.ensure(owner, manifest(), undefined);
  api.calls.length = 0;
  api.failOnce('create', apiError(409, 'Conflict'));
  const restarted = make();
  await restarted.ensure(owner, manifest(), undefined);
  assert.deepEqual(api.calls, ['create', 'find'], 'it is as wanted');
  await restarted.ensure(owner, manifest(), undefined);
  assert.deepEqual(api.calls, ['create', 'find'], 'and that is remembered until the cache knows it');
  // Somebody has taken away the label that the cache selects by.
  const metadata = { ...api.live?.metadata, managedFields: [{ manager: 'evenkeel', operation: 'Apply', fieldsV1: { 'f:data': {} } }] };
  api.live = { ...api.live, metadata } as KubeObject;
  api.failOnce('create', apiError(409, 'Conflict'));
  await make().ensure(owner, manifest(), undefined);
  assert.deepEqual(api.calls.slice(2), ['create', 'find', 'apply with uid']);
});

test('errors that may pass are thrown; after a conflict nothing is believed of the object', async () => {
  const { api, writer } = setUp();
  await writer.ensure(owner, manifest(), undefined);
  api.failOnce('apply with uid', apiError(409, 'Conflict'));
  await assert.rejects(writer.ensure(owner, manifest('two'), api.child), ApiError);
  api.calls.length = 0;
  await writer.ensure(owner, manifest('two'), undefined);
  assert.equal(api.calls[0], 'create');
  api.failOnce('apply with uid', apiError(500, 'InternalError'));
  await assert.rejects(writer.ensure(owner, manifest('three'), api.child), ApiError);
});

test('in a namespace that is going nothing is refused, and nothing is tried again', async () => {
  const { api, writer } = setUp();
  api.failOnce('create', apiError(403, 'Forbidden', { details: { causes: [{ reason: 'NamespaceTerminating' }] } }));
  assert.equal((await writer.ensure(owner, manifest(), undefined)).state, 'NamespaceGoing');
});

test('an object that the cache has seen go is made anew at once', async () => {
  const { api, clock, writer } = setUp();
  await writer.ensure(owner, manifest(), undefined);
  clock.now = 500;
  assert.equal((await writer.ensure(owner, manifest(), undefined)).state, 'InPlace');
  assert.deepEqual(api.calls, ['create'], 'the cache is only behind');
  assert.ok(api.child);
  writer.forgetObject(owner.key, api.child);
  await writer.ensure(owner, manifest(), undefined);
  assert.equal(api.calls[1], 'create');
});
