import { byteTable, isAlphanumeric } from './bytes.ts';

const PLAIN = byteTable((byte) => isAlphanumeric(byte) || byte === 0x2d || byte === 0x2e || byte === 0x5f || byte === 0x7e);

/**
 * `host[:port]` of RFC 3986 §3.2 without userinfo. Narrower in one thing: sub-delims (`!$&'()*+,;=`) are refused in a name, since no
 * real host has them and a comma reads as a list elsewhere.
 */
const AUTHORITY =
  /^(?:\[(?:[0-9A-Fa-f:]{2,39}|[0-9A-Fa-f:]{2,30}:\d{1,3}(?:\.\d{1,3}){3})\]|(?:[A-Za-z0-9._~-]|%[0-9A-Fa-f]{2})+)(?::(\d{0,5}))?$/;

const COLON = 0x3a;
const MAX_PORT = 65_535;

/** True where `value` names a host, with or without a port; an empty one does not. */
export function isAuthority(value: string): boolean {
  let plain = 0;
  while (plain < value.length && PLAIN[value.charCodeAt(plain)] === 1) plain++;
  if (plain > 0 && (plain === value.length || (value.charCodeAt(plain) === COLON && isPort(value, plain + 1)))) return true;
  const match = AUTHORITY.exec(value);
  return match !== null && (match[1] === undefined || isPort(value, value.length - match[1].length));
}

/** RFC 3986 §3.2.3 lets the digits after the colon be none at all. */
function isPort(value: string, start: number): boolean {
  if (value.length - start > 5) return false;
  let port = 0;
  for (let i = start; i < value.length; i++) {
    const digit = value.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) return false;
    port = port * 10 + digit;
  }
  return port <= MAX_PORT;
}
