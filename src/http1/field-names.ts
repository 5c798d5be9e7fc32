import { equalsIgnoreCase } from './bytes.ts';

/** Fields that the proxy itself acts on, or never passes on. `Other` and `IdempotencyKey` stay in the message as they came. */
export const Field = {
  Other: 0,
  /** Hop-by-hop, of no interest to us: dropped. */
  Hop: 1,
  Host: 2,
  ContentLength: 3,
  TransferEncoding: 4,
  Connection: 5,
  Upgrade: 6,
  Expect: 7,
  Via: 8,
  Forwarded: 9,
  XForwardedFor: 10,
  XForwardedProto: 11,
  XForwardedHost: 12,
  XForwardedOther: 13,
  /** X_Forwarded_For and the like: many servers (CGI, WSGI) take them for the real ones. Dropped. */
  XForwardedLookalike: 14,
  IdempotencyKey: 15,
} as const;
export type Field = (typeof Field)[keyof typeof Field];

interface Name {
  readonly bytes: Uint8Array;
  readonly field: Field;
}

const NAMES: Readonly<Record<string, Field>> = {
  te: Field.Hop,
  trailer: Field.Hop,
  'keep-alive': Field.Hop,
  'proxy-connection': Field.Hop,
  'http2-settings': Field.Hop,
  host: Field.Host,
  'content-length': Field.ContentLength,
  'transfer-encoding': Field.TransferEncoding,
  connection: Field.Connection,
  upgrade: Field.Upgrade,
  expect: Field.Expect,
  via: Field.Via,
  forwarded: Field.Forwarded,
  'x-forwarded-for': Field.XForwardedFor,
  'x-forwarded-proto': Field.XForwardedProto,
  'x-forwarded-host': Field.XForwardedHost,
  'idempotency-key': Field.IdempotencyKey,
};

const BY_NAME = new Map(Object.entries(NAMES));

const BY_LENGTH: Name[][] = [];
for (const [name, field] of Object.entries(NAMES)) {
  const sameLength = BY_LENGTH[name.length];
  if (sameLength === undefined) BY_LENGTH[name.length] = [{ bytes: Buffer.from(name), field }];
  else sameLength.push({ bytes: Buffer.from(name), field });
}
// No holes: a hole costs a walk up the prototype chain.
for (let length = 0; length < BY_LENGTH.length; length++) BY_LENGTH[length] ??= [];

const X_FORWARDED = Buffer.from('x-forwarded-');
const UNDERSCORE = 0x5f;
const HYPHEN = 0x2d;
const X = 0x78;

/** What the field name in `buffer` from `start` to `end` (a token) stands for, whatever the case of its letters. */
export function fieldOf(buffer: Buffer, start: number, end: number): Field {
  const length = end - start;
  const candidates = length < BY_LENGTH.length ? (BY_LENGTH[length] as Name[]) : [];
  const first = (buffer[start] as number) | 0x20;
  for (let i = 0; i < candidates.length; i++) {
    const name = candidates[i] as Name;
    if (name.bytes[0] === first && equalsIgnoreCase(buffer, start, name.bytes)) return name.field;
  }
  return first === X && length > X_FORWARDED.length ? forwardedKind(buffer, start, end) : Field.Other;
}

function forwardedKind(buffer: Buffer, start: number, end: number): Field {
  let lookalike = false;
  for (let i = 0; i < X_FORWARDED.length; i++) {
    const byte = buffer[start + i] as number;
    if (byte === UNDERSCORE) lookalike = true;
    if ((byte === UNDERSCORE ? HYPHEN : byte | 0x20) !== X_FORWARDED[i]) return Field.Other;
  }
  if (lookalike || buffer.subarray(start, end).includes(UNDERSCORE)) return Field.XForwardedLookalike;
  return Field.XForwardedOther;
}

/** As `fieldOf`, of a name in lower case that is text already. */
export function fieldNamed(name: string): Field {
  const known = BY_NAME.get(name);
  if (known !== undefined) return known;
  if (name.charCodeAt(0) !== X || !/^x[-_]forwarded[-_]./.test(name)) return Field.Other;
  return name.includes('_') ? Field.XForwardedLookalike : Field.XForwardedOther;
}
