import type { KubeObject } from '../api/meta.ts';
import { microTime } from './micro-time.ts';

/** coordination.k8s.io/v1 Lease. */
export interface Lease extends KubeObject {
  spec?: LeaseSpec;
}

export interface LeaseSpec {
  /** Empty, or left out: nobody's. */
  holderIdentity?: string;
  leaseDurationSeconds?: number;
  acquireTime?: string;
  renewTime?: string;
  leaseTransitions?: number;
}

/** The lease as `identity` takes or renews it at `wallMs`. Keeps what others have written into metadata. */
export function heldBy(lease: Lease, identity: string, durationMs: number, wallMs: number): Lease {
  const { holderIdentity, acquireTime, leaseTransitions = 0 } = lease.spec ?? {};
  const now = microTime(wallMs);
  const mine = holderIdentity === identity;
  return {
    ...lease,
    spec: {
      holderIdentity: identity,
      leaseDurationSeconds: Math.ceil(durationMs / 1000),
      acquireTime: mine && acquireTime ? acquireTime : now,
      renewTime: now,
      leaseTransitions: mine ? leaseTransitions : leaseTransitions + 1,
    },
  };
}

/** The lease as its holder leaves it for whoever comes next, who need not wait. */
export function released(lease: Lease, wallMs: number): Lease {
  const now = microTime(wallMs);
  const { leaseTransitions = 0 } = lease.spec ?? {};
  return { ...lease, spec: { holderIdentity: '', leaseDurationSeconds: 1, acquireTime: now, renewTime: now, leaseTransitions } };
}
