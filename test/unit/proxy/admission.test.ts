import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Admission } from '../../../src/proxy/admission.ts';

/** An Admission whose calls and turns the test ends, and a crowd of applicants that note the order in which they went. */
class Crowd {
  readonly went: number[] = [];
  readonly gone = new Set<number>();
  readonly admission: Admission;
  now = 0;
  #afterCall: (() => void)[] = [];
  #afterTurn: (() => void)[] = [];
  #came = 0;

  constructor() {
    this.admission = new Admission(
      (run) => this.#afterCall.push(run),
      (run) => this.#afterTurn.push(run),
      () => this.now,
    );
  }

  comes(count = 1): void {
    for (; count > 0; count--) {
      const number = this.#came++;
      const admitted = () => {
        if (this.gone.has(number)) return false;
        this.went.push(number);
        return true;
      };
      if (this.admission.ask({ admitted })) this.went.push(number);
    }
  }

  callEnds(): void {
    for (const run of this.#afterCall.splice(0)) run();
  }

  turnEnds(): void {
    for (const run of this.#afterTurn.splice(0)) run();
  }

  get turnsAwaited(): number {
    return this.#afterTurn.length;
  }
}

const upTo = (count: number) => Array.from({ length: count }, (_, each) => each);

test('64 without an answer go at once, and nothing is left to be done for them', () => {
  const crowd = new Crowd();
  crowd.comes(64);
  assert.deepEqual(crowd.went, upTo(64));
  assert.equal(crowd.turnsAwaited, 0);
});

test('a further one goes when one has been answered, after that call', () => {
  const crowd = new Crowd();
  crowd.comes(66);
  crowd.admission.answered();
  assert.deepEqual(crowd.went, upTo(64));
  crowd.callEnds();
  assert.deepEqual(crowd.went, upTo(65));
  assert.equal(crowd.admission.waiting, 1);
});

test('where no server answers, 32 more go in each turn, in the order in which they came', () => {
  const crowd = new Crowd();
  crowd.comes(64 + 70);
  crowd.turnEnds();
  assert.deepEqual(crowd.went, upTo(96));
  crowd.turnEnds();
  assert.deepEqual(crowd.went, upTo(128));
  crowd.turnEnds();
  assert.deepEqual(crowd.went, upTo(134));
  assert.equal(crowd.turnsAwaited, 0);
});

test('a turn that was long for other reasons lets eight go for each of its milliseconds', () => {
  const crowd = new Crowd();
  crowd.now = 1_000;
  crowd.comes(64 + 300);
  crowd.now += 10;
  crowd.turnEnds();
  assert.deepEqual(crowd.went, upTo(64 + 80));
  crowd.now += 20;
  crowd.turnEnds();
  assert.deepEqual(crowd.went, upTo(64 + 240));
  crowd.now += 1;
  crowd.turnEnds();
  assert.deepEqual(crowd.went, upTo(64 + 272));
});

test('after a time without a crowd, the time since the last one does not count', () => {
  const crowd = new Crowd();
  crowd.comes(65);
  crowd.turnEnds();
  crowd.now += 60_000;
  crowd.comes(100);
  crowd.turnEnds();
  assert.deepEqual(crowd.went, upTo(65 + 32));
});

test('one that comes does not go before those that wait, even where there is room', () => {
  const crowd = new Crowd();
  crowd.comes(65);
  crowd.admission.answered();
  crowd.comes();
  assert.deepEqual(crowd.went, upTo(64));
  crowd.admission.answered();
  crowd.callEnds();
  assert.deepEqual(crowd.went, upTo(66));
});

test('one that has given up takes nobody’s place', () => {
  const crowd = new Crowd();
  crowd.comes(67);
  crowd.gone.add(64).add(65);
  crowd.admission.answered();
  crowd.callEnds();
  assert.deepEqual(crowd.went, [...upTo(64), 66]);
  assert.equal(crowd.admission.waiting, 0);
});

test('nor does it in a turn', () => {
  const crowd = new Crowd();
  crowd.comes(64 + 33);
  for (let each = 64; each < 96; each++) crowd.gone.add(each);
  crowd.turnEnds();
  assert.deepEqual(crowd.went, [...upTo(64), 96]);
});

test('as many as ever come go, each once, while the line is never empty', () => {
  const crowd = new Crowd();
  crowd.comes(100);
  for (let round = 0; round < 10_000; round++) {
    crowd.admission.answered();
    crowd.callEnds();
    crowd.comes();
  }
  assert.equal(crowd.admission.waiting, 36);
  assert.deepEqual(crowd.went, upTo(10_064));
});
