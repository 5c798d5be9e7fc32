import assert from 'node:assert/strict';
import { after, before, suite } from 'node:test';
import { type Fault, isObjectWrite, isWatch, isWrite, type Passage, type Reaction } from '../../support/fault-proxy.ts';
import { seeded } from '../../unit/balancing/fixtures.ts';
import { client } from '../controllers/bench.ts';
import { pause } from '../support/wait.ts';
import { changeDuring, onStage } from './scenario.ts';
import { install } from './stage.ts';

// Needs an API server with its controllers but the one that gives nodes up: CLUSTER_PARTS=controllers
// CONTROLLER_FLAGS=--controllers=*,-node-lifecycle-controller test/cluster/run node --test test/e2e/faults/requests.test.ts

/** Of the random faults; EVENKEEL_SEED asks for another. */
const SEED = Number(process.env.EVENKEEL_SEED ?? 4711);
const TROUBLE_MS = 8_000;
const AWAY_MS = 60_000;

const refuse = (code: number, reason: string, headers: Record<string, string> = {}): Reaction => ({
  type: 'Answer',
  code,
  reason,
  headers,
});

const half = (reaction: Reaction, which: (passage: Passage) => boolean = () => true): Fault => {
  const random = seeded(SEED);
  return (passage) => (which(passage) && random() < 0.5 ? reaction : null);
};

suite('requests that fail', { concurrency: 8, timeout: 600_000 }, () => {
  before(install);
  after(() => client.close());

  const during = (name: string, fault: Fault): void =>
    onStage(name, async (stage, context) => {
      context.diagnostic(`seed ${SEED}`);
      await stage.startOperator();
      await changeDuring(stage, async (change) => {
        const end = stage.proxy.addFault(fault);
        stage.proxy.endWatches('cut');
        await change();
        await pause(TROUBLE_MS);
        end();
      });
      const hit = stage.proxy.passages.filter(({ answered }) => answered === null || answered >= 400);
      assert.ok(hit.length > 5, `only ${hit.length} requests met the fault`);
    });

  during('half of the requests are answered with 500', half(refuse(500, 'InternalError')));
  during('half of the requests are answered with 429 and Retry-After', half(refuse(429, 'TooManyRequests', { 'retry-after': '1' })));
  during('half of the requests are cut before they arrive', half({ type: 'Cut' }));
  during('half of the requests are done, and cut before the answer', half({ type: 'CutAnswer' }));
  during('every write meets a conflict', (passage) => (isWrite(passage) ? refuse(409, 'Conflict') : null));

  onStage('every watch is refused as expired, and told so in its stream', async (stage) => {
    await stage.startOperator();
    await changeDuring(stage, async (change) => {
      const end = stage.proxy.addFault((passage) =>
        isWatch(passage) && passage.query.get('resourceVersion') ? refuse(410, 'Expired') : null,
      );
      const status = {
        kind: 'Status',
        apiVersion: 'v1',
        status: 'Failure',
        code: 410,
        reason: 'Expired',
        message: 'too old resource version',
      };
      stage.proxy.sayToWatches({ type: 'ERROR', object: status });
      await change();
      await pause(TROUBLE_MS);
      end();
    });
  });

  onStage('the API server is away for a minute', async (stage, context) => {
    const operator = await stage.startOperator({ lease: 'operator' });
    await changeDuring(stage, async (change) => {
      await stage.proxy.goAway();
      await change();
      await pause(AWAY_MS);
      await stage.proxy.comeBack();
    });
    assert.ok(operator.running, 'the process has outlived it');
    context.diagnostic(`${stage.proxy.passages.filter(isObjectWrite).length} writes in all`);
  });
});
