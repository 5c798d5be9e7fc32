import type { Registry } from '../telemetry/metrics.ts';
import type { ShownCertificate } from './listeners.ts';
import type { EndpointSnapshot } from './snapshot.ts';

export interface PoolFigures {
  endpoints(): readonly EndpointSnapshot[];
  failovers(): number;
  heartbeatIntervalMs(): number;
  certificates(): readonly ShownCertificate[];
}

/** What is read off the pool when somebody asks. Totals by backend and state; single endpoints only for what is theirs alone. */
export function registerPoolMetrics(registry: Registry, figures: PoolFigures): void {
  registry.gauge('evenkeel_endpoints', 'Endpoints by backend and state.', ['backend', 'state']).collect((gauge) => {
    gauge.reset();
    for (const { endpoint, state } of figures.endpoints()) {
      const shown = endpoint.lifecycle === 'Draining' ? 'Draining' : state;
      const child = gauge.with(endpoint.backend, shown);
      child.set(child.value + 1);
    }
  });
  registry
    .gauge('evenkeel_endpoint_heartbeat_seconds', 'How long the last answered heartbeat took.', ['backend', 'endpoint'])
    .collect((gauge) => {
      gauge.reset();
      for (const { endpoint, heartbeatMilliseconds } of figures.endpoints()) {
        if (heartbeatMilliseconds !== null) gauge.with(endpoint.backend, endpoint.id).set(heartbeatMilliseconds / 1000);
      }
    });
  registry.gauge('evenkeel_endpoint_connections', 'Open connections to servers.', ['backend', 'endpoint']).collect((gauge) => {
    gauge.reset();
    for (const { endpoint, connections } of figures.endpoints()) gauge.with(endpoint.backend, endpoint.id).set(connections);
  });
  registry.counter('evenkeel_failovers_total', 'Endpoints marked Unhealthy.').collect((counter) => {
    counter.with().value = figures.failovers();
  });
  registry.gauge('evenkeel_heartbeat_interval_seconds', 'T: interval between heartbeats of one server.').collect((gauge) => {
    gauge.with().set(figures.heartbeatIntervalMs() / 1000);
  });
  registry
    .gauge('evenkeel_certificate_expiration_timestamp_seconds', 'When a certificate that clients are shown ends, in Unix time.', [
      'listener',
      'secret',
    ])
    .collect((gauge) => {
      gauge.reset();
      for (const { listener, secret, notAfter } of figures.certificates()) gauge.with(listener, secret).set(notAfter / 1000);
    });
}

/** Of this process. */
export function registerProcessMetrics(registry: Registry): void {
  registry.gauge('process_resident_memory_bytes', 'Resident memory.').collect((gauge) => gauge.with().set(process.memoryUsage.rss()));
  registry.counter('process_cpu_seconds_total', 'User and system CPU time.').collect((counter) => {
    const { user, system } = process.cpuUsage();
    counter.with().value = (user + system) / 1e6;
  });
}
