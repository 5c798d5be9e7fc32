import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { LoadBalancedService } from '../../../src/api/v1alpha1/types.ts';
import { isDoubtful, isStill, type Progress, progressAfter } from '../../../src/operator/carried-out.ts';
import type { WriteDecision } from '../../../src/operator/write-decision.ts';
import { resource } from '../status/fixtures.ts';

const nothing: WriteDecision = { action: 'Nothing' };
const later: WriteDecision = { action: 'Later', ms: 100 };
const create: WriteDecision = { action: 'Create' };
const apply = (why: 'Changed' | 'Drifted' | 'NotRemembered' | 'Adopted'): WriteDecision => ({ action: 'Apply', uid: 'uid-1', why });

suite('a write is doubted', () => {
  const TABLE: Record<string, { progress: Progress; decisions: WriteDecision[]; expect: boolean }> = {
    'never, for a spec that is new: it may be made of missing objects': { progress: 'New', decisions: [create, create], expect: false },
    'never, for a spec that is new: it may change what is there': {
      progress: 'New',
      decisions: [apply('Drifted'), nothing],
      expect: false,
    },
    'not, where there is none': { progress: 'CarriedOut', decisions: [nothing, later, { action: 'AwaitDeletion' }], expect: false },
    'where what was written is missing': { progress: 'Written', decisions: [nothing, create], expect: true },
    'where what was written is another': { progress: 'Written', decisions: [apply('Drifted')], expect: true },
    'where what was written is not what we remember': { progress: 'Written', decisions: [apply('NotRemembered')], expect: true },
    'not, where a spec goes on step by step': { progress: 'Written', decisions: [apply('Changed'), nothing], expect: false },
    'where nothing was left to do, and something is missing': { progress: 'CarriedOut', decisions: [create], expect: true },
    'where nothing was left to do, and something else is wanted': {
      progress: 'CarriedOut',
      decisions: [nothing, apply('Changed')],
      expect: true,
    },
  };
  for (const [name, { progress, decisions, expect }] of Object.entries(TABLE)) {
    test(name, () => assert.equal(isDoubtful(progress, decisions), expect));
  }
});

suite('a spec', () => {
  const TABLE: Record<string, { before: Progress; decisions: WriteDecision[]; isWhole?: boolean; expect: Progress }> = {
    'is written when its objects were': { before: 'New', decisions: [create, nothing], expect: 'Written' },
    'is carried out when nothing was left to do': { before: 'Written', decisions: [nothing, nothing], expect: 'CarriedOut' },
    'is carried out where all was there already': { before: 'New', decisions: [nothing], expect: 'CarriedOut' },
    'is not carried out while the rest of it has to wait': { before: 'Written', decisions: [nothing], isWhole: false, expect: 'Written' },
    'is not carried out while the cache has not seen our writes': { before: 'Written', decisions: [nothing, later], expect: 'Written' },
    'stays carried out when an object is put right': { before: 'CarriedOut', decisions: [create], expect: 'CarriedOut' },
  };
  for (const [name, { before, decisions, isWhole = true, expect }] of Object.entries(TABLE)) {
    test(name, () => assert.equal(progressAfter(before, decisions, isWhole), expect));
  }
});

suite('what the cache holds of a resource', () => {
  const seen = resource({ strategy: { type: 'Random' } }, 3);
  const now = (
    metadata: Partial<LoadBalancedService['metadata']>,
    spec: Partial<LoadBalancedService['spec']> = {},
  ): LoadBalancedService => ({
    ...structuredClone(seen),
    metadata: { ...seen.metadata, ...metadata },
    spec: { ...structuredClone(seen.spec), ...spec },
  });
  const TABLE: Record<string, { now: LoadBalancedService | null; expect: boolean }> = {
    'is so still, whatever has become of its status': {
      now: { ...now({ resourceVersion: '900' }), status: { failovers: 3 } },
      expect: true,
    },
    'is gone': { now: null, expect: false },
    'was made anew': { now: now({ uid: 'uid-2' }), expect: false },
    'is being deleted': { now: now({ deletionTimestamp: '2026-01-01T00:00:00Z' }), expect: false },
    'was changed': { now: now({ generation: 4 }, { suspend: true }), expect: false },
    'was put back to what it was before': { now: now({ generation: 2 }), expect: false },
    'was put back and changed in another way': { now: now({}, { strategy: { type: 'RoundRobin' } }), expect: false },
  };
  for (const [name, { now, expect }] of Object.entries(TABLE)) {
    test(name, () => assert.equal(isStill(seen, now), expect));
  }
});
