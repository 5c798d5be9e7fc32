import { type LookupAddress, lookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import type { EgressRules } from '../egress/rules.ts';

/** What an address is called of which no connection is made; `code` of the error where a name has no other. */
export const ADDRESS_REFUSED = 'EADDRESSREFUSED';

/** A name stands for nothing but addresses to which no connection may be made. */
class AddressRefused extends Error {
  override readonly name = 'AddressRefused';
  readonly code = ADDRESS_REFUSED;
}

export interface LookupGuard {
  /** As they are at the time of a lookup; null: anything goes. */
  rules(): EgressRules | null;
  /** `address`, for which `host` stands, is not connected to. */
  onRefused(host: string, address: string, why: string): void;
}

/**
 * Looks names up as Node does, and takes out of each answer what the rules refuse: only so does a name that stands for another address from
 * one moment to the next (DNS rebinding) get nobody past them. A host that is an IP address never comes here: Node does not look it up.
 */
export function guardedLookup(guard: LookupGuard, resolve: typeof lookup = lookup): LookupFunction {
  return (host, options, callback) => {
    resolve(host, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, '', 0);
      const kept = permitted(host, addresses, guard);
      const [first] = kept;
      if (first === undefined) {
        const all = addresses.map(({ address }) => address).join(', ');
        callback(new AddressRefused(`${host} stands for ${all}, to which no connection may be made`), '', 0);
      } else if (options.all) callback(null, kept);
      else callback(null, first.address, first.family);
    });
  };
}

function permitted(host: string, addresses: readonly LookupAddress[], guard: LookupGuard): LookupAddress[] {
  const rules = guard.rules();
  return addresses.filter(({ address }) => {
    const why = rules?.refusal(address, 'Addresses') ?? null;
    if (why !== null) guard.onRefused(host, address, why);
    return why === null;
  });
}
