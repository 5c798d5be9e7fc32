import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Registry } from '../../../src/telemetry/metrics.ts';
import { countersOf, sumMetrics } from '../../../src/telemetry/sum-metrics.ts';

function textOf(requests: number, open: number, seconds: readonly number[], label = 'a "b" {c} 1'): string {
  const registry = new Registry();
  registry.counter('requests_total', 'Requests.', ['listener']).with(label).inc(requests);
  registry.gauge('open', 'Open now.').with().set(open);
  const histogram = registry.histogram('seconds', 'Seconds.', [1, 2], ['listener']).with(label);
  for (const each of seconds) histogram.observe(each);
  return registry.render();
}

test('the sum of one is itself, to the letter', () => {
  const text = textOf(3, 2, [0.5, 1.5]);
  assert.equal(sumMetrics([text]), text);
});

test('counters, gauges and every line of a histogram are added up, as if one process had seen it all', () => {
  assert.equal(sumMetrics([textOf(3, 2, [0.5, 1.5]), textOf(4, 1, [9])]), textOf(7, 3, [0.5, 1.5, 9]));
});

test('what only one of them has is there, under the header that the others know', () => {
  const sum = sumMetrics([textOf(1, 0, [], 'x'), textOf(2, 0, [], 'y')]);
  assert.match(sum, /^requests_total\{listener="x"\} 1$/m);
  assert.match(sum, /^requests_total\{listener="y"\} 2$/m);
  assert.equal(sum.match(/# HELP requests_total/g)?.length, 1);
});

test('nothing and nothing is nothing', () => assert.equal(sumMetrics(['', '']), ''));

test('of a process that has ended, gauges are not kept', () => {
  const kept = countersOf(textOf(3, 2, [0.5]));
  assert.equal(sumMetrics([kept, textOf(0, 5, [])]), textOf(3, 5, [0.5]).replace(/(# HELP open[\s\S]*?)(# HELP seconds[\s\S]*)/, '$2$1'));
});
