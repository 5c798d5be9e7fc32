import assert from 'node:assert/strict';
import { test } from 'node:test';
import { restartDelay } from '../../../src/balancer/restart-delay.ts';
import { workerShare } from '../../../src/balancer/worker-share.ts';
import { balancerConfig } from '../../support/start-balancer.ts';

const shares = (limits: Parameters<typeof balancerConfig>[0], workers: number) =>
  Array.from({ length: workers }, (_, worker) => workerShare(balancerConfig(limits), worker, workers).limits);

test('limits are shared out whole: what is left over goes to the first workers', () => {
  const limits = shares({ limits: { connectionsPerPort: 10, requestsPerServer: 5, pendingRequests: 2 } }, 4);
  assert.deepEqual(
    limits.map(({ connectionsPerPort, requestsPerServer, pendingRequests }) => [connectionsPerPort, requestsPerServer, pendingRequests]),
    [
      [3, 2, 1],
      [3, 1, 1],
      [2, 1, 0],
      [2, 1, 0],
    ],
  );
});

test('no limit stays none, and nobody is left without any connection', () => {
  const limits = shares({ limits: { connectionsPerPort: 1, requestsPerServer: 0 } }, 2);
  assert.deepEqual(
    limits.map(({ connectionsPerPort, requestsPerServer }) => [connectionsPerPort, requestsPerServer]),
    [
      [1, 0],
      [1, 0],
    ],
  );
});

test('what is no limit of the whole balancer is the same for each worker', () => {
  const config = balancerConfig();
  const { connectionsPerPort, pendingRequests, ...rest } = config.limits;
  const share = workerShare(config, 1, 2);
  assert.deepEqual({ ...share, limits: {} }, { ...config, limits: {} });
  assert.deepEqual({ ...share.limits, connectionsPerPort: 0, pendingRequests: 0 }, { ...rest, connectionsPerPort: 0, pendingRequests: 0 });
});

test('a worker that ends again and again is started more and more seldom', () => {
  assert.deepEqual([0, 1, 2, 3, 7, 8, 50].map(restartDelay), [100, 100, 200, 400, 6_400, 10_000, 10_000]);
});
