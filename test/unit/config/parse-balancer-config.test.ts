import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { ConfigError } from '../../../src/config/errors.ts';
import { parseBalancerConfig } from '../../../src/config/parse-balancer-config.ts';

const good = readFileSync(join(import.meta.dirname, 'golden/everything.cluster.out.json'), 'utf8');

/** The good configuration with the value at `path` replaced; undefined: taken out. */
function changed(path: readonly (string | number)[], value: unknown): string {
  const config: unknown = JSON.parse(good);
  let holder = config as Record<string | number, unknown>;
  for (const part of path.slice(0, -1)) holder = holder[part] as Record<string | number, unknown>;
  const last = path.at(-1);
  assert.ok(last !== undefined && last in holder);
  holder[last] = value;
  return JSON.stringify(config);
}

suite('a configuration that a balancer refuses, and what it says', () => {
  const cases: Readonly<Record<string, readonly [json: string, says: string]>> = {
    'no JSON': ['{', 'the configuration is not JSON: '],
    nothing: ['', 'the configuration is not JSON: '],
    'no object': ['[]', 'the configuration is [], expected an object'],
    'no version': [changed(['formatVersion'], undefined), 'formatVersion is missing, expected a number'],
    'a version that is not known': [changed(['formatVersion'], 2), 'the configuration has format version 2, and this balancer reads 1'],
    'a field that is missing': [
      changed(['failover', 'drainTimeoutMs'], undefined),
      'failover.drainTimeoutMs is missing, expected a number from 1',
    ],
    'a text for a number': [changed(['heartbeat', 'timeoutMs'], '250'), 'heartbeat.timeoutMs is "250", expected a number from 1'],
    'a number that is out of range': [
      changed(['listeners', 0, 'bindPort'], 65_536),
      'listeners[0].bindPort is 65536, expected a number from 0 to 65535',
    ],
    'a threshold of 0': [changed(['heartbeat', 'failureThreshold'], 0), 'heartbeat.failureThreshold is 0, expected a number from 1'],
    'a strategy that is not known': [
      changed(['strategy'], 'Fastest'),
      'strategy is "Fastest", expected RoundRobin or Random or WeightedRoundRobin',
    ],
    'a source that is not known': [
      changed(['backends', 0, 'source', 'type'], 'DNS'),
      'backends[0].source.type is "DNS", expected EndpointSlices or Addresses',
    ],
    'a source of a type that every object has': [
      changed(['backends', 0, 'source', 'type'], 'toString'),
      'backends[0].source.type is "toString"',
    ],
    'a list that is none': [changed(['backends', 0, 'source', 'ports'], {}), 'backends[0].source.ports is {}, expected a list'],
    'a long value is cut short': [changed(['strategy'], 'x'.repeat(10_000)), `strategy is "${'x'.repeat(79)}, expected`],
  };
  for (const [sentence, [json, says]] of Object.entries(cases)) {
    test(sentence, () => {
      assert.throws(
        () => parseBalancerConfig(json),
        (error) => {
          assert.ok(error instanceof ConfigError);
          assert.equal(error.code, 'ConfigFormat');
          assert.ok(error.message.startsWith(says), error.message);
          return true;
        },
      );
    });
  }
});

test('what a newer operator of the same format version adds is left out', () => {
  const config = { ...JSON.parse(good), somethingNew: true };
  assert.deepEqual(parseBalancerConfig(JSON.stringify(config)), JSON.parse(good));
});
