import { isAuthority } from './authority.ts';
import { ProtocolError } from './types.ts';

export interface SplitTarget {
  /** Origin-form or `*`. */
  readonly target: string;
  readonly authority: string;
}

const ABSOLUTE = /^https?:\/\/([^/?]*)(.*)$/i;

/**
 * A target that is not in origin-form (RFC 9112 §3.2): `*` for OPTIONS, or an absolute URI, split into its authority and the rest.
 * `authority` is empty for `*`.
 */
export function splitTarget(method: string, target: string): SplitTarget {
  if (target === '*') {
    if (method !== 'OPTIONS') throw new ProtocolError(400, 'AsteriskTarget', 'the target * is for OPTIONS only');
    return { target, authority: '' };
  }
  const match = ABSOLUTE.exec(target);
  if (match === null) throw new ProtocolError(400, 'BadTarget', 'the target is neither a path, nor an http or https URI');
  const [, authority = '', rest = ''] = match;
  if (!isAuthority(authority)) throw new ProtocolError(400, 'BadTargetAuthority', 'the target has no valid host');
  if (rest.startsWith('/')) return { target: rest, authority };
  // RFC 9112 §3.2.4: OPTIONS for a URI with no path at all means the server itself.
  if (rest === '' && method === 'OPTIONS') return { target: '*', authority };
  return { target: `/${rest}`, authority };
}
