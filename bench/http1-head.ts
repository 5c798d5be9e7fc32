/**
 * What a request head costs: read strictly, and written for the upstream. Prints CPU microseconds per head, of the best of several
 * rounds: that one was disturbed least. Run: node bench/http1-head.ts
 */
import { ForwardingFields } from '../src/http1/forwarding.ts';
import { RequestHeadReader, ResponseHeadReader } from '../src/http1/head-reader.ts';
import { requestText } from '../src/http1/request-text.ts';
import { clientFraming, responseText } from '../src/http1/response-text.ts';
import { DEFAULT_HEAD_LIMITS } from '../src/http1/types.ts';

const ROUNDS = 12;
const HEADS_PER_ROUND = 200_000;

const small = Buffer.from('GET / HTTP/1.1\r\nHost: 127.0.0.1:8000\r\n\r\n');
const large = Buffer.from(
  'GET /api/v1/products/4711?currency=EUR&lang=en HTTP/1.1\r\nHost: shop.example.com\r\nConnection: keep-alive\r\n' +
    'Cache-Control: max-age=0\r\nsec-ch-ua: "Chromium";v="130", "Not?A_Brand";v="99"\r\nsec-ch-ua-mobile: ?0\r\n' +
    'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36\r\n' +
    'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n' +
    'Sec-Fetch-Site: same-origin\r\nSec-Fetch-Mode: navigate\r\nReferer: https://shop.example.com/list\r\n' +
    'Accept-Encoding: gzip, deflate, br\r\nAccept-Language: en-GB,en;q=0.9\r\nCookie: session=0123456789abcdef0123456789abcdef\r\n\r\n',
);
const response = Buffer.from(
  'HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nDate: Mon, 23 Nov 2026 10:00:00 GMT\r\nContent-Length: 14\r\n\r\n',
);

const requests = new RequestHeadReader(DEFAULT_HEAD_LIMITS);
const responses = new ResponseHeadReader(DEFAULT_HEAD_LIMITS);
const forwarding = new ForwardingFields({ address: '10.0.0.1', scheme: 'http', httpMajor: 1, trusted: false, pseudonym: 'evenkeel-shop' });
/** Something that depends on every result, so that no work can be left out. */
let sink = 0;

const cases: [string, () => number][] = [
  [`read a request head of ${small.length} bytes`, () => requests.feed(small)?.size ?? 0],
  [`read a request head of ${large.length} bytes`, () => requests.feed(large)?.size ?? 0],
  [`read and write a request head of ${small.length} bytes`, () => rewrite(small)],
  [`read and write a request head of ${large.length} bytes`, () => rewrite(large)],
  [`read and write a response head of ${response.length} bytes`, rewriteResponse],
];

const scratch = Buffer.allocUnsafe(4096);

function rewrite(wire: Buffer): number {
  const head = requests.feed(wire);
  if (head === null) throw new Error('the head is not whole');
  const text = requestText(head, { forwarding: forwarding.lines(head), authority: '127.0.0.1:9001', expectContinue: false });
  return scratch.write(text, 'latin1');
}

function rewriteResponse(): number {
  const head = responses.feed(response);
  if (head === null) throw new Error('the head is not whole');
  const framing = clientFraming(head, 1);
  return scratch.write(responseText(head, { framing, clientMinor: 1, keepAlive: true, extraFields: '' }), 'latin1');
}

for (const [name, run] of cases) {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const start = process.cpuUsage();
    for (let i = 0; i < HEADS_PER_ROUND; i++) sink += run();
    best = Math.min(best, process.cpuUsage(start).user / HEADS_PER_ROUND);
  }
  process.stdout.write(`${best.toFixed(3)} us  ${name}\n`);
}
if (sink === 0) throw new Error('nothing was read');
