import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiError, ConnectionError, type StatusDetails } from '../../../src/kube/errors.ts';
import { refusalOf } from '../../../src/operator/write-error.ts';

const manifest = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'shop--stable', namespace: 'default' } };
const refused = (code: number, reason: string, details: StatusDetails = {}) =>
  refusalOf(new ApiError('apply it', { code, reason, message: 'words', details }), manifest);

const TABLE: Record<string, { given: ReturnType<typeof refused>; againAfterMs: number | null }> = {
  'a field is wrong': {
    given: refused(422, 'Invalid', { causes: [{ field: 'spec.replicas', message: 'negative' }] }),
    againAfterMs: 300_000,
  },
  'an admission policy refuses it': {
    given: refused(422, 'Invalid', { causes: [{ message: 'denied request: no' }] }),
    againAfterMs: 60_000,
  },
  'a quota or a right is missing': { given: refused(403, 'Forbidden'), againAfterMs: 60_000 },
  'a webhook does not like it': { given: refused(400, 'BadRequest'), againAfterMs: 60_000 },
  'somebody was faster': { given: refused(409, 'Conflict'), againAfterMs: null },
  'the API server has a mishap': { given: refused(500, 'InternalError'), againAfterMs: null },
  'there is no answer': { given: refusalOf(new ConnectionError('ApiUnreachable', 'gone'), manifest), againAfterMs: null },
};

for (const [sentence, { given, againAfterMs }] of Object.entries(TABLE)) {
  const when = againAfterMs === null ? 'tried again soon' : `tried again after ${againAfterMs / 1000} s`;
  test(`a write where ${sentence} is ${when}`, () => assert.equal(given?.retryMs ?? null, againAfterMs));
}
