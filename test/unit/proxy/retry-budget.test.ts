import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RetryBudget } from '../../../src/proxy/retry-budget.ts';

function budgetAt(percent: number) {
  const clock = { now: 5_000 };
  const budget = new RetryBudget(percent, () => clock.now);
  return { clock, budget, requests: (count: number) => repeat(count, () => budget.request(clock.now)) };
}

function repeat(count: number, call: () => void): void {
  for (let each = 0; each < count; each++) call();
}

/** Draws until it is refused, at most `most` times. */
function drawAll(budget: RetryBudget, most = 10_000): number {
  let drawn = 0;
  while (drawn < most && budget.take()) drawn++;
  return drawn;
}

test('without traffic there are ten retries in a second, and ten in the next one', () => {
  const { clock, budget } = budgetAt(20);
  assert.equal(drawAll(budget), 10);
  clock.now += 1_000;
  assert.equal(drawAll(budget), 10);
});

test('with traffic there is a share of the requests of the last ten seconds', () => {
  const { clock, budget, requests } = budgetAt(20);
  for (let second = 0; second < 10; second++) {
    clock.now += 1_000;
    requests(100);
  }
  assert.equal(drawAll(budget), 200);
});

test('what was drawn in the last ten seconds is not there again, but for the floor', () => {
  const { clock, budget, requests } = budgetAt(20);
  requests(1_000);
  assert.equal(drawAll(budget), 200);
  clock.now += 1_000;
  assert.equal(drawAll(budget), 10);
  clock.now += 9_000;
  assert.equal(drawAll(budget), 10, 'requests and retries of ten seconds ago are forgotten');
});

test('a share of nothing leaves the floor', () => {
  const { budget, requests } = budgetAt(0);
  requests(1_000);
  assert.equal(drawAll(budget), 10);
});

test('a long silence forgets everything', () => {
  const { clock, budget, requests } = budgetAt(50);
  requests(1_000);
  clock.now += 86_400_000;
  assert.equal(drawAll(budget), 10);
});

test('a new share counts at once', () => {
  const { budget, requests } = budgetAt(0);
  requests(1_000);
  budget.percent = 50;
  assert.equal(drawAll(budget), 500);
});

test('workers share the floor, and each counts its own requests', () => {
  const budget = new RetryBudget(20, () => 5_000, 4);
  assert.equal(drawAll(budget), 3);
  for (let each = 0; each < 100; each++) budget.request(5_000);
  assert.equal(drawAll(budget), 17);
});
