import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Registry } from '../../../src/telemetry/metrics.ts';

test('a counter counts for each set of label values', () => {
  const registry = new Registry();
  const requests = registry.counter('requests_total', 'Requests.', ['listener', 'class']);
  requests.with('http', '2xx').inc();
  requests.with('http', '2xx').inc(2);
  requests.with('http', '5xx').inc();
  assert.equal(
    registry.render(),
    '# HELP requests_total Requests.\n# TYPE requests_total counter\n' +
      'requests_total{listener="http",class="2xx"} 3\nrequests_total{listener="http",class="5xx"} 1\n',
  );
});

test('a metric without labels has no braces', () => {
  const registry = new Registry();
  registry.gauge('open', 'Open.').with().set(4);
  assert.match(registry.render(), /^open 4$/m);
});

test('a gauge can be filled when it is read, and forgets what is gone', () => {
  const registry = new Registry();
  let states = ['Healthy', 'Unhealthy'];
  registry.gauge('endpoints', 'By state.', ['state']).collect((gauge) => {
    gauge.reset();
    for (const state of states) gauge.with(state).set(1);
  });
  assert.match(registry.render(), /state="Unhealthy"/);
  states = ['Healthy'];
  assert.doesNotMatch(registry.render(), /state="Unhealthy"/);
});

test('buckets of a histogram are cumulative, their bounds inclusive', () => {
  const registry = new Registry();
  const time = registry.histogram('time_seconds', 'Time.', [0.01, 0.1], ['listener']);
  for (const value of [0.01, 0.05, 7]) time.with('http').observe(value);
  assert.deepEqual(registry.render().split('\n').slice(2, -1), [
    'time_seconds_bucket{listener="http",le="0.01"} 1',
    'time_seconds_bucket{listener="http",le="0.1"} 2',
    'time_seconds_bucket{listener="http",le="+Inf"} 3',
    'time_seconds_sum{listener="http"} 7.06',
    'time_seconds_count{listener="http"} 3',
  ]);
});

test('label values are escaped', () => {
  const registry = new Registry();
  registry.counter('odd_total', 'Odd.', ['value']).with('a"b\\c\nd').inc();
  assert.match(registry.render(), /^odd_total\{value="a\\"b\\\\c\\nd"\} 1$/m);
});

test('one name twice is refused', () => {
  const registry = new Registry();
  registry.counter('twice_total', 'Twice.');
  assert.throws(() => registry.gauge('twice_total', 'Twice.'), /registered twice/);
});
