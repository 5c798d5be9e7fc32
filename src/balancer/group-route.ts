import type { Picker } from '../balancing/picker.ts';
import type { BalancerConfig, FailoverConfig, LimitsConfig, ListenerConfig, TelemetryConfig } from '../model/config.ts';
import type { Route } from '../proxy/context.ts';
import type { Upstream } from '../proxy/upstream.ts';
import type { Group } from './group.ts';

/** A listener's route to the endpoints of its group, by the configuration of now. */
export class GroupRoute implements Route {
  listener: ListenerConfig;
  failover: FailoverConfig;
  limits: LimitsConfig;
  telemetry: TelemetryConfig;
  readonly #group: Group;

  constructor(listener: ListenerConfig, group: Group, config: BalancerConfig) {
    this.listener = listener;
    this.#group = group;
    this.failover = config.failover;
    this.limits = config.limits;
    this.telemetry = config.telemetry;
  }

  get picker(): Picker<Upstream> {
    return this.#group.picker;
  }

  pickerFor(serverName: string | null): Picker<Upstream> | null {
    return this.#group.pickerFor(serverName);
  }

  configure(config: BalancerConfig): void {
    this.failover = config.failover;
    this.limits = config.limits;
    this.telemetry = config.telemetry;
  }
}
