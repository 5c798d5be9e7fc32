import type { KubeClient } from '../kube/client.ts';

type Writes = Pick<KubeClient, 'create' | 'find' | 'apply' | 'applyStatus' | 'mergePatch' | 'delete'>;

/** This replica leads no more: whoever leads now does the rest. */
export class NotLeadingError extends Error {
  override readonly name = 'NotLeadingError';
  readonly code = 'NotLeading';

  constructor() {
    super('this replica is not the leader any more, so it writes nothing');
  }
}

/** Sends a write only while this replica leads: one that was stopped for a while, and does not know yet that it lost, must not write. */
export function leaderOnly(client: Writes, isLeader: () => boolean): Writes {
  const guard = (): void => {
    if (!isLeader()) throw new NotLeadingError();
  };
  return {
    find: async (...args) => client.find(...args),
    create: async (...args) => {
      guard();
      return client.create(...args);
    },
    apply: async (...args) => {
      guard();
      return client.apply(...args);
    },
    applyStatus: async (...args) => {
      guard();
      return client.applyStatus(...args);
    },
    mergePatch: async (...args) => {
      guard();
      return client.mergePatch(...args);
    },
    delete: async (...args) => {
      guard();
      return client.delete(...args);
    },
  };
}
