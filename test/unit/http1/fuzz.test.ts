/**
 * Whatever bytes come: nothing crashes or hangs, cuts between chunks make no difference, and what is accepted is written out so that
 * there is one way to read it. FUZZ_SECONDS makes it longer, FUZZ_SEED repeats a run.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BodyReader } from '../../../src/http1/body-reader.ts';
import { CHUNK_END, chunkStart, LAST_CHUNK } from '../../../src/http1/chunk-text.ts';
import { ForwardingFields } from '../../../src/http1/forwarding.ts';
import { RequestHeadReader, ResponseHeadReader } from '../../../src/http1/head-reader.ts';
import { requestText } from '../../../src/http1/request-text.ts';
import { clientFraming, responseText } from '../../../src/http1/response-text.ts';
import { DEFAULT_HEAD_LIMITS, type RequestHead, type ResponseHead } from '../../../src/http1/types.ts';
import { chunkedStream, cuts, pieces, requestStream, responseStream } from './grammar.ts';
import { type Message, readMessages } from './reading.ts';

const SEED = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31);
const PROPERTIES = 3;
const MILLISECONDS = (Number(process.env.FUZZ_SECONDS ?? 9) * 1000) / PROPERTIES;
process.stdout.write(`# FUZZ_SEED=${SEED}\n`);

function always<T>(arbitrary: fc.Arbitrary<T>, holds: (value: T) => void): number {
  let accepted = 0;
  const property = fc.property(arbitrary, (value) => {
    accepted++;
    holds(value);
  });
  fc.assert(property, { seed: SEED, numRuns: 10_000_000, interruptAfterTimeLimit: MILLISECONDS, markInterruptAsFailure: false });
  return accepted;
}

/**
 * How a reader that knows nothing of ours, and is as naive as can be, would see a head: every line ends in CRLF and has a name, a colon
 * and a value, and no line can be taken for two.
 */
function naiveFields(head: string): { startLine: string; fields: Map<string, string[]> } {
  assert.ok(head.endsWith('\r\n\r\n'));
  const [startLine = '', ...lines] = head.slice(0, -4).split('\r\n');
  assert.match(startLine, /^[ -~\x80-\xff\t]+$/);
  const fields = new Map<string, string[]>();
  for (const line of lines) {
    const match = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):([\t -~\x80-\xff]*)$/.exec(line);
    assert.ok(match !== null, `a line that is none: ${JSON.stringify(line)}`);
    const [, name = '', value = ''] = match;
    fields.set(name.toLowerCase(), [...(fields.get(name.toLowerCase()) ?? []), value.trim()]);
  }
  return { startLine, fields };
}

function assertOneFraming(fields: Map<string, string[]>): void {
  const lengths = fields.get('content-length') ?? [];
  const codings = fields.get('transfer-encoding') ?? [];
  assert.ok(lengths.length + codings.length <= 1, 'more than one field frames the body');
  for (const length of lengths) assert.match(length, /^(0|[1-9][0-9]*)$/);
  for (const coding of codings) assert.equal(coding, 'chunked');
}

function bodyText(message: Message<{ framing: { type: string } }>): string {
  if (message.head.framing.type !== 'chunked') return message.payload;
  const data = message.payload;
  return `${data === '' ? '' : chunkStart(data.length) + data + CHUNK_END}${LAST_CHUNK}`;
}

const forwarding = new ForwardingFields({ address: '10.0.0.1', scheme: 'http', httpMajor: 1, trusted: false, pseudonym: 'ek' });
const requests = () => new RequestHeadReader(DEFAULT_HEAD_LIMITS);
const responses = () => new ResponseHeadReader(DEFAULT_HEAD_LIMITS);
/** What is said about the message's own hop, and is written anew. */
const HOP = ['connection', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'upgrade', 'http2-settings'];

test('fuzz: requests', () => {
  let messages = 0;
  const runs = always(fc.tuple(requestStream, cuts), ([bytes, points]) => {
    const reading = readMessages<RequestHead>([bytes], requests(), 'request');
    assert.deepEqual(readMessages<RequestHead>(pieces(bytes, points), requests(), 'request').messages, reading.messages);
    for (const message of reading.messages) {
      messages++;
      const { head } = message;
      const text = requestText(head, { forwarding: forwarding.lines(head), authority: 'a:1', expectContinue: head.expectContinue });
      const { startLine, fields } = naiveFields(text);
      assert.match(startLine, /^[^ ]+ [^ #]+ HTTP\/1\.1$/);
      assertOneFraming(fields);
      assert.equal(fields.get('host')?.length, 1);
      assert.deepEqual(fields.get('x-forwarded-for'), ['10.0.0.1']);
      for (const name of HOP) assert.ok(!fields.has(name) || head.upgrade !== null, `${name} was passed on`);
      const again = readMessages<RequestHead>([Buffer.from(text + bodyText(message) + text, 'latin1')], requests(), 'request');
      const second = again.messages[0];
      assert.equal(second?.payload, message.payload);
      const same = { method: head.method, target: head.target, framing: head.framing, host: head.host === '' ? 'a:1' : head.host };
      assert.partialDeepStrictEqual(second.head, { ...same, fields: head.fields, upgrade: head.upgrade });
    }
  });
  assert.ok(messages > runs / 20, `only ${messages} messages were accepted in ${runs} runs: the grammar tests nothing`);
});

test('fuzz: responses', () => {
  let messages = 0;
  const runs = always(fc.tuple(responseStream, cuts, fc.constantFrom(0 as const, 1 as const)), ([bytes, points, clientMinor]) => {
    const reading = readMessages<ResponseHead>([bytes], responses(), 'response');
    assert.deepEqual(readMessages<ResponseHead>(pieces(bytes, points), responses(), 'response').messages, reading.messages);
    for (const { head } of reading.messages) {
      messages++;
      const framing = clientFraming(head, clientMinor);
      const text = responseText(head, { framing, clientMinor, keepAlive: true, extraFields: '' });
      const { startLine, fields } = naiveFields(text);
      assert.match(startLine, /^HTTP\/1\.1 [1-5][0-9][0-9] /);
      assertOneFraming(fields);
      if (clientMinor === 0) assert.ok(!fields.has('transfer-encoding'));
      if (head.status < 200 || head.status === 204) assert.ok(!fields.has('content-length') && !fields.has('transfer-encoding'));
      const again = responses().feed(Buffer.from(text, 'latin1'));
      assert.deepEqual(again?.framing, framing);
      assert.partialDeepStrictEqual(again, { status: head.status, fields: head.fields, contentLength: head.contentLength });
    }
  });
  assert.ok(messages > runs / 20, `only ${messages} messages were accepted in ${runs} runs: the grammar tests nothing`);
});

test('fuzz: chunked bodies', () => {
  let whole = 0;
  const read = (chunks: readonly Buffer[]) => {
    const reader = new BodyReader('request');
    reader.start({ type: 'chunked' });
    const payload: Buffer[] = [];
    let taken = 0;
    try {
      for (const chunk of chunks) taken += reader.feed(chunk, 0, payload);
    } catch (error) {
      assert.equal(error instanceof Error && error.name, 'ProtocolError');
      return { refused: true };
    }
    return { done: reader.done, taken, payload: Buffer.concat(payload).toString('latin1') };
  };
  const runs = always(fc.tuple(chunkedStream, cuts), ([bytes, points]) => {
    const reading = read([bytes]);
    assert.deepEqual(read(pieces(bytes, points)), reading);
    if (reading.done !== true) return;
    whole++;
    const { payload } = reading;
    const again = read([Buffer.from(bodyText({ head: { framing: { type: 'chunked' } }, payload }), 'latin1')]);
    assert.deepEqual([again.done, again.payload], [true, payload]);
  });
  assert.ok(whole > runs / 20, `only ${whole} bodies were whole in ${runs} runs: the grammar tests nothing`);
});
