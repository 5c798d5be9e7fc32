import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach } from 'node:test';
import { Resources } from '../../../src/kube/resources.ts';
import { client, createNamespace, installCrds, type OperatorSettings, type RunningOperator, startOperator } from './bench.ts';
import { StandIn } from './stand-in.ts';

export const SETTLED = { Accepted: 'True', Programmed: 'True', Ready: 'True', Reconciling: 'False', Stalled: 'False' };

export interface OperatorBench {
  readonly namespace: string;
  readonly operator: RunningOperator;
  readonly standIn: StandIn;
  /** Ends the operator and starts it anew, with other settings where they are given. */
  restart(settings?: OperatorSettings): Promise<void>;
}

/** For each test of a suite: a namespace with an operator and stand-ins for a kubelet and for balancers. */
export function useOperator(settings: OperatorSettings = {}): OperatorBench {
  let namespace: string;
  let operator: RunningOperator;
  let standIn: StandIn;
  before(installCrds);
  after(() => client.close());
  beforeEach(async () => {
    namespace = await createNamespace();
    operator = await startOperator(namespace, settings);
    standIn = new StandIn(namespace).start();
  });
  afterEach(async () => {
    const ends = await Promise.allSettled([standIn.stop(), operator.stop(), client.delete(Resources.Namespace, { name: namespace })]);
    assert.deepEqual(
      ends.flatMap((end) => (end.status === 'rejected' ? [end.reason] : [])),
      [],
    );
  });
  return {
    get namespace() {
      return namespace;
    },
    get operator() {
      return operator;
    },
    get standIn() {
      return standIn;
    },
    restart: async (others = settings) => {
      await operator.stop();
      operator = await startOperator(namespace, others);
    },
  };
}
