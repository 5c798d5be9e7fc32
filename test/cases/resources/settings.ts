import { type ResourceCases, SHORT_TIME, withFailover, withLimits, withSpec } from './parts.ts';

export const settingsCases: ResourceCases = {
  // Strategy
  'a retry budget over 100 percent is refused': {
    resource: withFailover('{retryBudgetPercent: 101}'),
    refused: { at: 'spec.failover.retryBudgetPercent', says: 'must be at most 100', serverSays: 'less than or equal to 100' },
  },
  'a replay buffer over 1 MiB is refused': {
    resource: withFailover('{replayBufferBytes: 1048577}'),
    refused: { at: 'spec.failover.replayBufferBytes', says: 'must be at most 1048576', serverSays: 'less than or equal to 1048576' },
  },
  'a connect timeout of 0 is refused': {
    resource: withFailover('{connectTimeout: 0ms}'),
    refused: { at: 'spec.failover.connectTimeout', says: SHORT_TIME },
  },
  'a response timeout over a day is refused': {
    resource: withFailover('{responseTimeout: 25h}'),
    refused: { at: 'spec.failover.responseTimeout', says: 'must be a duration of 1ms to 24h' },
  },
  'a drain timeout of 0 is refused': {
    resource: withFailover('{drainTimeout: 0s}'),
    refused: { at: 'spec.failover.drainTimeout', says: SHORT_TIME },
  },

  // Limits
  'limits at their lowest are taken': {
    resource: withLimits(
      '{headerBytes: 1024, headerCount: 8, uriBytes: 256, bodyBytes: 1, connectionsPerPort: 1, requestsPerConnection: 1, headerTimeout: 1s, bodyTimeout: 1s, bodyProgressBytes: 1, idleTimeout: 1s, writeTimeout: 1s, requestTimeout: 10ms, tunnelIdleTimeout: 1s, tunnelHalfOpenTimeout: 1s, requestsPerServer: 1, pendingRequests: 0, pendingTimeout: 10ms}',
    ),
  },
  'a body limit of a tebibyte is taken': { resource: withLimits('{bodyBytes: 1099511627776}') },
  'a body limit of 0 is refused': {
    resource: withLimits('{bodyBytes: 0}'),
    refused: { at: 'spec.limits.bodyBytes', says: 'must be at least 1', serverSays: 'greater than or equal to 1' },
  },
  'a head that no request fits is refused': {
    resource: withLimits('{headerBytes: 1023}'),
    refused: { at: 'spec.limits.headerBytes', says: 'must be at least 1024', serverSays: 'greater than or equal to 1024' },
  },
  'a URI limit over 64 KiB is refused': {
    resource: withLimits('{uriBytes: 65537}'),
    refused: { at: 'spec.limits.uriBytes', says: 'must be at most 65536', serverSays: 'less than or equal to 65536' },
  },
  'a time for heads under a second is refused': {
    resource: withLimits('{headerTimeout: 999ms}'),
    refused: { at: 'spec.limits.headerTimeout', says: 'must be a duration of 1s to 1h' },
  },
  'a request timeout that is no duration is refused': {
    resource: withLimits('{requestTimeout: 5min}'),
    refused: { at: 'spec.limits.requestTimeout', says: 'must be a duration of 10ms to 24h' },
  },
  'a time for bodies under a second is refused': {
    resource: withLimits('{bodyTimeout: 999ms}'),
    refused: { at: 'spec.limits.bodyTimeout', says: 'must be a duration of 1s to 1h' },
  },
  'an idle time over a day is refused': {
    resource: withLimits('{idleTimeout: 25h}'),
    refused: { at: 'spec.limits.idleTimeout', says: 'must be a duration of 1s to 24h' },
  },
  'a time for slow readers over an hour is refused': {
    resource: withLimits('{writeTimeout: 61m}'),
    refused: { at: 'spec.limits.writeTimeout', says: 'must be a duration of 1s to 1h' },
  },
  'a time in line under 10 ms is refused': {
    resource: withLimits('{requestsPerServer: 1, pendingTimeout: 9ms}'),
    refused: { at: 'spec.limits.pendingTimeout', says: 'must be a duration of 10ms to 1h' },
  },
  'a time of half-open tunnels over a week is refused': {
    resource: withLimits('{tunnelHalfOpenTimeout: 169h}'),
    refused: { at: 'spec.limits.tunnelHalfOpenTimeout', says: 'must be a duration of 1s to 168h' },
  },
  'an idle time of tunnels over a week is refused': {
    resource: withLimits('{tunnelIdleTimeout: 169h}'),
    refused: { at: 'spec.limits.tunnelIdleTimeout', says: 'must be a duration of 1s to 168h' },
  },
  'a line for servers that have no limit is refused': {
    resource: withLimits('{pendingRequests: 10}'),
    refused: { at: 'spec.limits', says: 'are only for where requestsPerServer is given' },
  },

  // Balancer and telemetry
  'a balancer without a type is refused': {
    resource: withSpec('balancer: {dedicated: {replicas: 2}}'),
    refused: { at: 'spec.balancer.type', says: 'is required', serverSays: 'Required value' },
  },
  'no balancer pods are refused': {
    resource: withSpec('balancer: {type: Dedicated, dedicated: {replicas: 0}}'),
    refused: { at: 'spec.balancer.dedicated.replicas', says: 'must be at least 1', serverSays: 'greater than or equal to 1' },
  },
  'as many requests of a server as workers to share them are taken': {
    resource: withSpec('limits: {requestsPerServer: 4}\n  balancer: {type: Dedicated, dedicated: {workers: 4}}'),
  },
  'fewer requests of a server than workers to share them are refused': {
    resource: withSpec('limits: {requestsPerServer: 3}\n  balancer: {type: Dedicated, dedicated: {workers: 4}}'),
    refused: { at: 'spec.limits', says: 'is shared out among balancer.dedicated.workers' },
  },
  'a response header that is no token is refused': {
    resource: withSpec('telemetry: {responseHeader: "X-A: b"}'),
    refused: { at: 'spec.telemetry.responseHeader', says: 'must be an HTTP field name' },
  },
  'a response header that frames the message is refused in any case': {
    resource: withSpec('telemetry: {responseHeader: transfer-ENCODING}'),
    refused: { at: 'spec.telemetry.responseHeader', says: 'must not be a field that frames the response' },
  },
  'a response header that describes the content is refused': {
    resource: withSpec('telemetry: {responseHeader: Content-Type}'),
    refused: { at: 'spec.telemetry.responseHeader', says: 'must not be a field that frames the response' },
  },
};
