import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, suite } from 'node:test';
import { isObjectWrite } from '../../support/fault-proxy.ts';
import { client, resourceNow } from '../controllers/bench.ts';
import { pause, waitFor } from '../support/wait.ts';
import { changeDuring, onStage } from './scenario.ts';
import { install } from './stage.ts';

/** Between the change at the API server and the kubelet's, in the pod's files. */
const KUBELET_MS = 5_000;
/** See shifted-clock.ts: how often its signal comes until the clock is right again. */
const CLOCK_JUMPS = 3;
const JUMP_MS = 4_000;

suite('credentials and clocks that change', { concurrency: 4, timeout: 600_000 }, () => {
  before(install);
  after(() => client.close());

  onStage('the token is rotated, and the old one is no good some seconds before the new one is there', async (stage) => {
    const operator = await stage.startOperator({ lease: 'operator' });
    const old = `Bearer ${stage.token}`;
    let refused = 0;
    await changeDuring(stage, async (change) => {
      stage.proxy.addFault(({ authorization }) => {
        if (authorization !== old) return null;
        refused++;
        return { type: 'Answer', code: 401, reason: 'Unauthorized' };
      });
      stage.proxy.endWatches('cut');
      await change();
      await pause(KUBELET_MS);
      operator.setToken(await stage.newToken());
    });
    assert.ok(refused > 0);
    assert.ok(operator.running);
  });

  onStage(
    "the authority is rotated, and the API server's certificate is one of the new some seconds before the pod knows",
    async (stage) => {
      const operator = await stage.startOperator({ lease: 'operator' });
      await changeDuring(stage, async (change) => {
        const authority = stage.proxy.renewCertificate();
        await stage.proxy.goAway();
        await stage.proxy.comeBack();
        const passages = stage.proxy.passages.length;
        await change();
        await pause(KUBELET_MS);
        assert.equal(stage.proxy.passages.length, passages, 'nobody whom it does not trust was told anything');
        operator.setAuthority(authority);
        await waitFor('it to be trusted', () => stage.proxy.passages.length > passages, { timeoutMs: 20_000 });
      });
      assert.ok(operator.running);
    },
  );

  onStage('the clock jumps ahead by 400 days, back by 800, and is put right', async (stage, context) => {
    const operator = await stage.startOperator({ lease: 'operator', preload: join(import.meta.dirname, 'shifted-clock.ts') });
    await changeDuring(stage, async (change) => {
      for (let jump = 0; jump < CLOCK_JUMPS; jump++) {
        operator.signal('SIGUSR2');
        if (jump === 0) await change();
        // A figure that drifts may be written once a minute, and waits for its time while the clock is somewhere else.
        stage.standIn.distort((report) => ({
          ...report,
          heartbeat: { ...report.heartbeat, intervalMilliseconds: 1000 + 1000 * jump },
        }));
        await pause(JUMP_MS);
      }
    });
    assert.equal(
      operator.log.filter((line) => line.includes('no longer leading')).length,
      0,
      'a lease is not kept by the clock on the wall',
    );
    const figure = async () => (await resourceNow(stage.namespace)).status?.heartbeat?.intervalMilliseconds;
    await waitFor('the newest figure, a minute after the one before it', async () => (await figure()) === 1000 * CLOCK_JUMPS, {
      timeoutMs: 75_000,
    });
    const writes = stage.proxy.passages.filter(isObjectWrite).length;
    context.diagnostic(`${writes} writes in all`);
    assert.ok(writes < 120, `${writes} writes`);
  });
});
