import { type ResourceCases, SHORT_TIME, withFailover, withSpec } from './parts.ts';

export const settingsCases: ResourceCases = {
  // Strategy
  'a strategy that is not known is refused': {
    resource: withSpec('strategy: {type: LeastRequests}'),
    refused: { at: 'spec.strategy.type', says: 'must be RoundRobin or Random or WeightedRoundRobin', serverSays: 'Unsupported value' },
  },

  // Failover
  'retry methods that are not known are refused': {
    resource: withFailover('{retryMethods: All}'),
    refused: { at: 'spec.failover.retryMethods', says: 'must be Safe or Idempotent or Keyed or None', serverSays: 'Unsupported value' },
  },
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

  // Balancer and telemetry
  'a balancer without a type is refused': {
    resource: withSpec('balancer: {dedicated: {replicas: 2}}'),
    refused: { at: 'spec.balancer.type', says: 'is required', serverSays: 'Required value' },
  },
  'no balancer pods are refused': {
    resource: withSpec('balancer: {type: Dedicated, dedicated: {replicas: 0}}'),
    refused: { at: 'spec.balancer.dedicated.replicas', says: 'must be at least 1', serverSays: 'greater than or equal to 1' },
  },
  'an access log that is not known is refused': {
    resource: withSpec('telemetry: {accessLog: Text}'),
    refused: { at: 'spec.telemetry.accessLog', says: 'must be None or JSON', serverSays: 'Unsupported value' },
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
