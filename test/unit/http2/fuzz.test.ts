/**
 * Whatever a client of HTTP/2 sends: nothing crashes or hangs, cuts between reads make no difference, and what goes out is what a client
 * that knows nothing of ours can read, and lets come. FUZZ_SECONDS makes it longer, FUZZ_SEED repeats a run.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { cuts, pieces } from '../http1/grammar.ts';
import { NaiveClient } from './naive-client.ts';
import { PoliteClient } from './polite-client.ts';
import { clientBytes } from './session-grammar.ts';
import { type Reading, read, readNaively, readOnce } from './session-reading.ts';
import { bodyOf, type Plan, planFor, Serving } from './session-serving.ts';

const SEED = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31);
const PROPERTIES = 3;
const MILLISECONDS = (Number(process.env.FUZZ_SECONDS ?? 9) * 1000) / PROPERTIES;
process.stdout.write(`# FUZZ_SEED=${SEED}\n`);

function always<T>(arbitrary: fc.Arbitrary<T>, holds: (value: T) => void): number {
  let runs = 0;
  const property = fc.property(arbitrary, (value) => {
    runs++;
    holds(value);
  });
  fc.assert(property, { seed: SEED, numRuns: 10_000_000, interruptAfterTimeLimit: MILLISECONDS, markInterruptAsFailure: false });
  return runs;
}

/** A request, its body, its trailers, its end, each in its turn and at most once but the body; and nothing after a cut. */
const ORDER = /^(?:whole|begin(?: data)*(?: (?:trailers )?end)?)(?: cut)?$/;

function assertOrder(calls: readonly string[]): void {
  assert.match(calls.map((call) => call.split(' ', 1)[0]).join(' '), ORDER);
}

/**
 * A stream that was opened and cut in one read is told to nobody, and one that was cut later is: of such a one the events are equal, or there
 * are none.
 */
function assertSame(split: Reading, whole: Reading): void {
  for (const key of ['failure', 'open', 'output'] as const) assert.equal(split[key], whole[key], key);
  for (const id of new Set([...split.streams.keys(), ...whole.streams.keys()])) {
    const [one, other] = [split.streams.get(id), whole.streams.get(id)];
    if (one !== undefined && other !== undefined) assert.deepEqual(one, other, `stream ${id}`);
    else assert.equal((one ?? other)?.at(-1), 'cut', `stream ${id}`);
  }
}

/** Each stream was told what its frames say, up to where it was cut. */
function assertFaithful(reading: Reading, bytes: Buffer): void {
  const requests = readNaively(bytes);
  for (const [id, calls] of reading.streams) {
    const request = requests.get(id);
    const lists = calls.filter((call) => /^(?:whole|begin|trailers) /.test(call));
    for (const [i, call] of lists.entries()) {
      const list = call.slice(call.indexOf(' ') + 1);
      if (list.endsWith(' cut off')) assert.equal(JSON.stringify(request?.lists[i]).indexOf(list.slice(0, -9)), 0);
      else assert.equal(list, JSON.stringify(request?.lists[i]), `a head of stream ${id}`);
    }
    const body = calls
      .filter((call) => call.startsWith('data '))
      .map((call) => call.slice(5))
      .join('');
    if (calls.at(-1) === 'cut') assert.ok(request?.body.startsWith(body), `the body of stream ${id}`);
    else assert.equal(body, request?.body, `the body of stream ${id}`);
  }
}

test('fuzz: what comes makes the same of a connection wherever it is cut', () => {
  let accepted = 0;
  let requests = 0;
  const runs = always(fc.tuple(clientBytes, cuts), ([bytes, points]) => {
    const whole = read([bytes]);
    if (whole.failure === null) accepted++;
    requests += whole.streams.size;
    for (const calls of whole.streams.values()) assertOrder(calls);
    if (whole.failure === null) assertFaithful(whole, bytes);
    assertSame(read(pieces(bytes, points)), whole);
    if (bytes.length < 400) assertSame(read(Array.from(bytes, (byte) => Buffer.from([byte]))), whole);
  });
  assert.ok(
    accepted > runs / 10 && requests > runs / 4,
    `${runs} runs, ${accepted} accepted, ${requests} requests: the grammar tests nothing`,
  );
  process.stdout.write(`# ${runs} connections, ${accepted} accepted to their end, ${requests} requests\n`);
});

const plan: fc.Arbitrary<Plan> = fc.record({
  at: fc.constantFrom('begin', 'end', 'later'),
  interim: fc.boolean(),
  headBytes: fc.constantFrom(1, 1, 1, 40_000),
  pieces: fc.array(fc.oneof(fc.nat(100), fc.constantFrom(20_000, 70_000)), { maxLength: 3 }),
  trailers: fc.boolean(),
  holds: fc.boolean(),
  refusesRest: fc.boolean(),
  resetAfter: fc.oneof({ weight: 4, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: fc.nat(2) }),
});
/** What happens on the server's side between reads. */
const meanwhile = fc.record({
  full: fc.boolean(),
  takes: fc.boolean(),
  answers: fc.boolean(),
  drains: fc.constantFrom('', '', '', '', 'announce', 'refuse'),
});

test('fuzz: what is answered is what a client can read, and lets come', () => {
  let whole = 0;
  const arbitrary = fc.tuple(
    clientBytes,
    cuts,
    fc.array(plan, { minLength: 1, maxLength: 4 }),
    fc.array(meanwhile, { minLength: 1, maxLength: 8 }),
  );
  const runs = always(arbitrary, ([bytes, points, plans, between]) => {
    const serving = new Serving(plans);
    const client = new NaiveClient();
    for (const [i, chunk] of pieces(bytes, points).entries()) {
      client.sends(chunk);
      readOnce(serving.session, chunk);
      client.receives(serving.output.taken());
      act(serving, between[i % between.length] as Meanwhile);
      client.receives(serving.output.taken());
    }
    assert.equal(serving.failure !== null, client.goaway !== null && client.goaway.code !== 0);
    for (const [id, answer] of client.answers) {
      const wanted = bodyOf(id, planFor(plans, id));
      if (!answer.ended || answer.heads.length === 0) assert.ok(wanted.startsWith(answer.body), `the body of stream ${id}`);
      else {
        whole++;
        assert.equal(answer.body, wanted, `the body of stream ${id}`);
      }
    }
    if (serving.failure !== null) assert.equal(serving.session.size, 0, 'streams outlive their connection');
  });
  assert.ok(whole > runs / 10, `${runs} runs, ${whole} whole answers: the grammar tests nothing`);
  process.stdout.write(`# ${runs} connections, ${whole} whole answers\n`);
});

type Meanwhile = typeof meanwhile extends fc.Arbitrary<infer T> ? T : never;

function act({ session, servers, output }: Serving, { full, takes, answers, drains }: Meanwhile): void {
  output.full = full;
  if (!full) session.resume();
  for (const server of servers.values()) {
    if (answers) server.answer();
    if (takes) server.take();
  }
  if (drains === 'announce') session.announceEnd();
  else if (drains === 'refuse') session.refuseMore();
}

test('fuzz: a client that keeps to the rules gets whole answers, however little it lets come at once', () => {
  const conversation = fc.record({
    firstWindow: fc.constantFrom(0, 1, 100, 65_535, 200_000),
    requests: fc.array(fc.oneof(fc.constant(0), fc.nat(100), fc.constantFrom(30_000, 90_000)), { minLength: 1, maxLength: 6 }),
    plans: fc.array(plan, { minLength: 1, maxLength: 4 }),
    choices: fc.array(fc.record({ action: fc.nat(8), amount: fc.oneof(fc.nat(60), fc.nat(20_000)) }), { maxLength: 60, size: 'max' }),
  });
  const runs = always(conversation, (each) => new PoliteClient(each).run());
  process.stdout.write(`# ${runs} conversations\n`);
});
