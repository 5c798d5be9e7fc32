import { constants } from 'node:crypto';
import type { SecureContextOptions } from 'node:tls';

/** With forward secrecy and authenticated encryption only (RFC 9325 §4.2). */
const CIPHERS = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':');

/** The first is safe from a quantum computer too (draft-ietf-tls-ecdhe-mlkem). */
const GROUPS = 'X25519MLKEM768:X25519:P-256:P-384';

/** What holds for every context, whichever side we are. TLS 1.0 and 1.1 are not spoken (RFC 8996); nothing is negotiated anew in midstream. */
export function secureSettings(minVersion: '1.2' | '1.3'): SecureContextOptions {
  return {
    minVersion: `TLSv${minVersion}`,
    ciphers: CIPHERS,
    honorCipherOrder: false,
    ecdhCurve: GROUPS,
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
  };
}
