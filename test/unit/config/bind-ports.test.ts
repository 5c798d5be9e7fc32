import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bindPorts } from '../../../src/config/bind-ports.ts';

const cases: Readonly<Record<string, readonly [ports: readonly number[], bound: Readonly<Record<number, number>>]>> = {
  'a port of 1024 and up stays': [[1024, 8080, 65_535], { 1024: 1024, 8080: 8080, 65535: 65_535 }],
  'a port under 1024 moves by 10000': [[80, 443, 1023], { 80: 10_080, 443: 10_443, 1023: 11_023 }],
  'the admin port moves too': [[9902], { 9902: 19_902 }],
  'a port that stays comes before one that moves': [[80, 10_080], { 80: 10_081, 10080: 10_080 }],
  'ports that move do not meet': [[80, 81, 10_080], { 80: 10_081, 81: 10_082, 10080: 10_080 }],
};

for (const [sentence, [ports, bound]] of Object.entries(cases)) {
  test(sentence, () => assert.deepEqual(Object.fromEntries(bindPorts(ports)), bound));
  test(`${sentence}, in any order`, () => assert.deepEqual(Object.fromEntries(bindPorts(ports.toReversed())), bound));
}
