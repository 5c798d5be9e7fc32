import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ApplyRecord, Child } from '../../../src/operator/child.ts';
import { type Applied, decideWrite, type WriteDecision, type WriteQuestion } from '../../../src/operator/write-decision.ts';

const NOW = 1_000_000;
const owner = { name: 'shop', uid: 'owner-1' };

function live(
  more: {
    heldBy?: { name: string; uid: string };
    uid?: string;
    version?: string;
    fingerprint?: string;
    record?: ApplyRecord;
    deleting?: true;
    owner?: { name: string; uid: string } | null;
  } = {},
): Child {
  const controller = more.owner === undefined ? owner : more.owner;
  return {
    fingerprint: more.fingerprint ?? 'print-1',
    ...(more.record === undefined ? {} : { record: more.record }),
    metadata: {
      uid: more.uid ?? 'uid-1',
      resourceVersion: more.version ?? '100',
      ...(more.heldBy === undefined
        ? {}
        : { labels: { 'evenkeel.dev/service': more.heldBy.name }, annotations: { 'evenkeel.dev/held-by': more.heldBy.uid } }),
      ...(more.deleting ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}),
      ownerReferences:
        controller === null ? [] : [{ apiVersion: 'evenkeel.dev/v1alpha1', kind: 'LoadBalancedService', controller: true, ...controller }],
    },
  };
}
const applied = (more: Partial<Applied> = {}): Applied => ({
  uid: 'uid-1',
  manifest: 'manifest-1',
  fingerprint: 'print-1',
  resourceVersion: '100',
  atMs: NOW - 60_000,
  ...more,
});

const wanted = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'shop', namespace: 'default', labels: { app: 'a' } },
  data: { a: '1' },
};
const record = (more: Partial<ApplyRecord> = {}): ApplyRecord => ({
  manifest: 'manifest-1',
  fields: JSON.stringify({ 'f:metadata': { 'f:labels': { 'f:app': {} } }, 'f:data': { 'f:a': {} } }),
  ...more,
});

const TABLE: Record<string, { given: Partial<WriteQuestion>; expect: WriteDecision }> = {
  'it was never made': { given: {}, expect: { action: 'Create' } },
  'it was deleted': { given: { applied: applied() }, expect: { action: 'Create' } },
  'it was made a moment ago, and the cache does not know it yet': {
    given: { applied: applied({ atMs: NOW - 1_000 }) },
    expect: { action: 'Later', ms: 9_000 },
  },
  'it was made a moment ago, and already something else is wanted': {
    given: { applied: applied({ atMs: NOW - 1_000, manifest: 'manifest-0' }) },
    expect: { action: 'Apply', uid: 'uid-1', why: 'Changed' },
  },
  'it is as it was applied': { given: { live: live(), applied: applied() }, expect: { action: 'Nothing' } },
  'only its status or resource version changed': {
    given: { live: live({ version: '999' }), applied: applied() },
    expect: { action: 'Nothing' },
  },
  'something else is wanted': {
    given: { live: live(), applied: applied({ manifest: 'manifest-0' }) },
    expect: { action: 'Apply', uid: 'uid-1', why: 'Changed' },
  },
  'somebody changed it': {
    given: { live: live({ version: '101', fingerprint: 'print-2' }), applied: applied() },
    expect: { action: 'Apply', uid: 'uid-1', why: 'Drifted' },
  },
  'somebody changed it right after our last apply': {
    given: { live: live({ version: '101', fingerprint: 'print-2' }), applied: applied({ atMs: NOW - 400 }) },
    expect: { action: 'Later', ms: 600 },
  },
  'the cache shows it as it was before our last apply': {
    given: { live: live({ version: '99', fingerprint: 'print-0' }), applied: applied({ atMs: NOW - 2_000 }) },
    expect: { action: 'Later', ms: 8_000 },
  },
  'resource versions went back long after our last apply': {
    given: { live: live({ version: '99', fingerprint: 'print-0' }), applied: applied() },
    expect: { action: 'Apply', uid: 'uid-1', why: 'Drifted' },
  },
  'the operator has restarted': { given: { live: live() }, expect: { action: 'Apply', uid: 'uid-1', why: 'NotRemembered' } },
  'the operator has restarted, and the object says that this very manifest was applied, and nothing has changed since': {
    given: { live: live({ record: record() }) },
    expect: { action: 'Nothing' },
  },
  'the operator has restarted, and the object says that another manifest was applied': {
    given: { live: live({ record: record({ manifest: 'manifest-0' }) }) },
    expect: { action: 'Apply', uid: 'uid-1', why: 'NotRemembered' },
  },
  'the operator has restarted, and somebody has changed a field, or taken it away': {
    given: { live: live({ record: record({ fields: JSON.stringify({ 'f:metadata': { 'f:labels': { 'f:app': {} } } }) }) }) },
    expect: { action: 'Apply', uid: 'uid-1', why: 'NotRemembered' },
  },
  'somebody changed it, whatever the object says': {
    given: { live: live({ version: '101', fingerprint: 'print-2', record: record() }), applied: applied() },
    expect: { action: 'Apply', uid: 'uid-1', why: 'Drifted' },
  },
  'it was deleted and made anew by us': {
    given: { live: live({ uid: 'uid-2' }), applied: applied() },
    expect: { action: 'Apply', uid: 'uid-2', why: 'NotRemembered' },
  },
  'it is being deleted': { given: { live: live({ deleting: true }), applied: applied() }, expect: { action: 'AwaitDeletion' } },
  'it belonged to a resource of the same name that was deleted': {
    given: { live: live({ owner: { name: 'shop', uid: 'owner-0' } }) },
    expect: { action: 'AwaitDeletion' },
  },
  'it belongs to nobody': { given: { live: live({ owner: null }) }, expect: { action: 'Foreign', owner: 'nobody that manages it' } },
  'it belongs to nobody, and is taken over': {
    given: { live: live({ owner: null }), adopt: true },
    expect: { action: 'Apply', uid: 'uid-1', why: 'Adopted' },
  },
  'it was taken over a moment ago, and the cache does not know it yet': {
    given: { live: live({ owner: null, version: '99' }), adopt: true, applied: applied({ atMs: NOW - 1_000 }) },
    expect: { action: 'Later', ms: 9_000 },
  },
  'it belongs to nobody, was to be taken over, and is being deleted': {
    given: { live: live({ owner: null, deleting: true }), adopt: true },
    expect: { action: 'Foreign', owner: 'nobody that manages it' },
  },
  'it is held for us': { given: { live: live({ owner: null, heldBy: owner }), applied: applied() }, expect: { action: 'Nothing' } },
  'it was held for a resource of the same name that was deleted': {
    given: { live: live({ owner: null, heldBy: { name: 'shop', uid: 'owner-0' } }) },
    expect: { action: 'Foreign', owner: 'nobody that manages it' },
  },
  'it belongs to another resource': {
    given: { live: live({ owner: { name: 'other', uid: 'owner-9' } }) },
    expect: { action: 'Foreign', owner: 'LoadBalancedService "other"' },
  },
};

for (const [sentence, { given, expect }] of Object.entries(TABLE)) {
  test(`write of an object when ${sentence}: ${expect.action}`, () => {
    assert.deepEqual(
      decideWrite({ manifest: 'manifest-1', wanted, live: undefined, applied: undefined, owner, nowMs: NOW, adopt: false, ...given }),
      expect,
    );
  });
}
