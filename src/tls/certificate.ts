import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { ContentError } from './file-backed.ts';

/** A certificate with its chain and its key. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
  /** DNS names that it is for, in lower case; `*.` may lead one. */
  readonly names: readonly string[];
  /** Epoch milliseconds. */
  readonly notAfter: number;
}

/** @throws ContentError where they cannot serve: no PEM, or a key that belongs to another certificate. Its text never holds any of the key. */
export function parseKeyPair(cert: string, key: string): KeyPair {
  const leaf = parseCertificate(cert, 'tls.crt');
  if (!leaf.checkPrivateKey(parseKey(key))) throw new ContentError('tls.key is not the key of the certificate in tls.crt');
  try {
    process.getBuiltinModule('node:tls').createSecureContext({ cert, key });
  } catch (error) {
    throw new ContentError(`tls.crt and tls.key cannot be used: ${reasonOf(error)}`);
  }
  return { cert, key, names: dnsNames(leaf.subjectAltName ?? ''), notAfter: Date.parse(leaf.validTo) };
}

/** The certificates of authorities, as they are. @throws ContentError where there is none */
export function parseAuthorities(text: string): string {
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) throw new ContentError('ca.crt holds no certificate in PEM');
  for (const block of blocks) parseCertificate(block, 'ca.crt');
  return text;
}

function parseCertificate(text: string, file: string): X509Certificate {
  try {
    return new X509Certificate(text);
  } catch {
    throw new ContentError(`${file} holds no certificate in PEM`);
  }
}

function parseKey(text: string): KeyObject {
  try {
    return createPrivateKey(text);
  } catch {
    throw new ContentError('tls.key holds no private key in PEM (one without a passphrase)');
  }
}

/** Of what `X509Certificate` gives as text, such as `DNS:shop.example, DNS:*.shop.example, IP Address:10.0.0.7`. */
function dnsNames(subjectAltName: string): string[] {
  return subjectAltName.split(', ').flatMap((entry) => {
    const name = /^DNS:((?:\*\.)?[a-z0-9_]([-a-z0-9_.]*[a-z0-9_])?)$/i.exec(entry)?.[1];
    return name === undefined ? [] : [name.toLowerCase()];
  });
}

/** OpenSSL's own words, without what it stands for inside. */
function reasonOf(error: unknown): string {
  const { reason, message } = error as { reason?: string; message: string };
  return reason ?? message;
}
