import { KubeClient } from '../../src/kube/client.ts';

/** Says how many requests (not watches) wait for their answer: for FakeTimers.isIdle. */
export class CountingClient extends KubeClient {
  pending = 0;

  override async request<T>(...args: Parameters<KubeClient['request']>): Promise<T> {
    this.pending++;
    return super.request<T>(...args).finally(() => this.pending--);
  }
}
