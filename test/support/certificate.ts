import { createPublicKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto';

export interface Certificate {
  /** PEM; without an issuer it is signed by itself, so it is its own CA. */
  readonly cert: string;
  readonly key: string;
}

export interface CertificateOptions {
  /** DNS names; 127.0.0.1 is in it always. */
  readonly names?: readonly string[];
  readonly commonName?: string;
  /** From now until its end; 365 unless given. */
  readonly days?: number;
  /** Who signs it, and the common name of that one. */
  readonly issuer?: Certificate & { readonly commonName: string };
}

/** A certificate (RFC 5280), for `localhost` unless told otherwise, made here so that tests need neither openssl nor a key in the repository. */
export function createCertificate({
  names = ['localhost'],
  commonName = 'evenkeel test',
  days = 365,
  issuer,
}: CertificateOptions = {}): Certificate & {
  readonly commonName: string;
} {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const publicKey = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
  const ecdsaWithSha256 = sequence(objectId('1.2.840.10045.4.3.2'));
  const named = (text: string) => sequence(set(sequence(objectId('2.5.4.3'), der(0x0c, Buffer.from(text)))));
  const day = 86_400_000;
  const validity = sequence(utcTime(Date.now() - day), utcTime(Date.now() + days * day));
  const subjectAltName = sequence(...names.map((name) => der(0x82, Buffer.from(name))), der(0x87, Buffer.from([127, 0, 0, 1])));
  const extensions = sequence(
    sequence(objectId('2.5.29.19'), boolean(true), der(0x04, sequence(boolean(true)))),
    sequence(objectId('2.5.29.17'), der(0x04, subjectAltName)),
  );
  const serial = randomBytes(8);
  serial[0] = 1;
  const body = sequence(
    der(0xa0, integer(Buffer.from([2]))),
    integer(serial),
    ecdsaWithSha256,
    named(issuer?.commonName ?? commonName),
    validity,
    named(commonName),
    publicKey,
    der(0xa3, extensions),
  );
  const signature = Buffer.concat([Buffer.from([0]), sign('sha256', body, issuer?.key ?? privateKey)]);
  const cert = sequence(body, ecdsaWithSha256, der(0x03, signature));
  return { commonName, cert: pem('CERTIFICATE', cert), key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() };
}

function der(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const header = length < 128 ? [tag, length] : length < 256 ? [tag, 0x81, length] : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(header), content]);
}

const sequence = (...parts: Buffer[]) => der(0x30, Buffer.concat(parts));
const set = (...parts: Buffer[]) => der(0x31, Buffer.concat(parts));
const integer = (bytes: Buffer) => der(0x02, bytes);
const boolean = (value: boolean) => der(0x01, Buffer.from([value ? 0xff : 0]));

function utcTime(ms: number): Buffer {
  const digits = new Date(ms).toISOString().replace(/\D/g, '').slice(2, 14);
  return der(0x17, Buffer.from(`${digits}Z`));
}

function objectId(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split('.').map(Number);
  const bytes = [first * 40 + second];
  for (const arc of rest) {
    const groups = [arc & 0x7f];
    for (let left = arc >> 7; left > 0; left >>= 7) groups.unshift((left & 0x7f) | 0x80);
    bytes.push(...groups);
  }
  return der(0x06, Buffer.from(bytes));
}

function pem(label: string, bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
