import { byteTable, isAlphanumeric } from './bytes.ts';

const PLAIN = byteTable((byte) => isAlphanumeric(byte) || byte === 0x2d || byte === 0x2e || byte === 0x5f || byte === 0x7e);

/**
 * `host[:port]` of RFC 3986 §3.2 without userinfo. Narrower in one thing: sub-delims (`!$&'()*+,;=`) are refused in a name, since no
 * real host has them and a comma reads as a list elsewhere.
 */
const AUTHORITY =
  /^(?:\[(?:[0-9A-Fa-f:]{2,39}|[0-9A-Fa-f:]{2,30}:\d{1,3}(?:\.\d{1,3}){3})\]|(?:[A-Za-z0-9._~-]|%[0-9A-Fa-f]{2})+)(?::(\d{0,5}))?$/;

/** True where `value` names a host, with or without a port; an empty one does not. */
export function isAuthority(value: string): boolean {
  if (value === '') return false;
  let plain = 0;
  while (plain < value.length && PLAIN[value.charCodeAt(plain)] === 1) plain++;
  if (plain === value.length) return true;
  const match = AUTHORITY.exec(value);
  return match !== null && Number(match[1] ?? '0') <= 65_535;
}
