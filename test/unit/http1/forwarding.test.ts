import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ForwardingFields, viaNames } from '../../../src/http1/forwarding.ts';
import { request } from './parsed.ts';

const PEER = { address: '10.1.2.3', scheme: 'http', httpMajor: 1, trusted: false, pseudonym: 'ek-shop' } as const;
const CLAIMS =
  'GET / HTTP/1.0\r\nHost: h:81\r\nX-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: o\r\n' +
  'X-Forwarded-Port: 443\r\nForwarded: for=6.6.6.6\r\nVia: 1.1 other\r\n\r\n';

test('forwarding: what an unknown client claims is replaced, but Via', () => {
  assert.equal(
    new ForwardingFields(PEER).lines(request(CLAIMS)),
    'Via: 1.1 other, 1.0 ek-shop\r\nX-Forwarded-For: 10.1.2.3\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: h:81\r\n' +
      'Forwarded: for=10.1.2.3;host="h:81";proto=http\r\n',
  );
});

test('forwarding: what a trusted proxy says is kept and added to', () => {
  assert.equal(
    new ForwardingFields({ ...PEER, trusted: true }).lines(request(CLAIMS)),
    'Via: 1.1 other, 1.0 ek-shop\r\nX-Forwarded-For: 6.6.6.6, 10.1.2.3\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: o\r\n' +
      'Forwarded: for=6.6.6.6, for=10.1.2.3;host="h:81";proto=http\r\nX-Forwarded-Port: 443\r\n',
  );
});

test('forwarding: a trusted proxy that says nothing is as any client', () => {
  const head = request('GET / HTTP/1.1\r\nHost: h\r\n\r\n');
  assert.equal(new ForwardingFields({ ...PEER, trusted: true }).lines(head), new ForwardingFields(PEER).lines(head));
});

test('forwarding: IPv6 addresses are quoted in Forwarded, mapped ones written as IPv4', () => {
  const head = request('GET / HTTP/1.1\r\nHost: h\r\n\r\n');
  const six = new ForwardingFields({ ...PEER, address: '2001:db8::1' }).lines(head);
  assert.match(six, /X-Forwarded-For: 2001:db8::1\r\n/);
  assert.match(six, /Forwarded: for="\[2001:db8::1\]";host=h;proto=http\r\n/);
  assert.match(new ForwardingFields({ ...PEER, address: '::ffff:10.0.0.9' }).lines(head), /Forwarded: for=10\.0\.0\.9;/);
});

test('forwarding: a connection whose requests name different hosts, versions and Vias gets lines for each', () => {
  const fields = new ForwardingFields(PEER);
  const one = request('GET / HTTP/1.1\r\nHost: one\r\n\r\n');
  const first = fields.lines(one);
  assert.match(first, /X-Forwarded-Host: one\r\n/);
  assert.match(fields.lines(request('GET / HTTP/1.1\r\nHost: two\r\n\r\n')), /X-Forwarded-Host: two\r\n/);
  assert.match(fields.lines(request('GET / HTTP/1.0\r\nHost: two\r\n\r\n')), /Via: 1\.0 ek-shop\r\n/);
  assert.match(fields.lines(request('GET / HTTP/1.0\r\nHost: one\r\nVia: 1.1 x\r\n\r\n')), /Via: 1\.1 x, 1\.0 ek-shop\r\n/);
  assert.equal(fields.lines(one), first);
});

test('forwarding: HTTP/1.0 without a host names none', () => {
  assert.doesNotMatch(new ForwardingFields(PEER).lines(request('GET / HTTP/1.0\r\n\r\n')), /host/i);
});

test('forwarding: a request over HTTP/2 says so in Via', () => {
  const fields = new ForwardingFields({ ...PEER, httpMajor: 2 });
  assert.match(fields.lines(request('GET / HTTP/1.1\r\nHost: h\r\n\r\n')), /^Via: 2\.0 ek-shop\r\n/);
});

test('Via names us, or somebody like us [case 52]', () => {
  assert.equal(viaNames('', 'ek'), false);
  assert.equal(viaNames('1.1 ek', 'ek'), true);
  assert.equal(viaNames('1.0 fred, 1.1\tek (a comment)', 'ek'), true);
  assert.equal(viaNames('HTTP/1.1 ek', 'ek'), true);
  assert.equal(viaNames('1.1 ek-2, 1.1 my-ek', 'ek'), false);
  assert.equal(viaNames('1.1 other (ek)', 'ek'), false);
});
