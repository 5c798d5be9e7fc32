/** What a client that knows that we speak HTTP/2 begins with (RFC 9113 §3.4). No request of HTTP/1.1 does. */
export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

/** How the first bytes of a connection compare with the preface. */
export type PrefaceMatch = 'no' | 'partly' | 'whole';

/** `preface`: what of it is still to come. */
export function matchPreface(bytes: Buffer, preface: Buffer = PREFACE): PrefaceMatch {
  const known = Math.min(bytes.length, preface.length);
  for (let i = 0; i < known; i++) if (bytes[i] !== preface[i]) return 'no';
  return known === preface.length ? 'whole' : 'partly';
}
