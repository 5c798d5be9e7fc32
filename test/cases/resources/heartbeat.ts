import { type ResourceCases, SHORT_TIME, withHeartbeat, withSchedule } from './parts.ts';

const INTERVAL = 'must be a duration of 50ms to 1h, such as 500ms or 2s';
const TIMEOUT_OVER_INTERVAL = 'timeout must not be over the fixed interval (1s unless schedule.fixed.interval is given)';
const MIN_OVER_MAX = 'minInterval (200ms unless given) must not be over maxInterval (10s unless given)';

export const heartbeatCases: ResourceCases = {
  // Heartbeat
  'settings of HTTP for a TCP heartbeat are refused': {
    resource: withHeartbeat('{type: TCP, http: {path: /}}'),
    refused: { at: 'spec.heartbeat.http', says: 'http is only for a heartbeat of type HTTP' },
  },
  'settings of HTTP for a heartbeat of the default type are refused': {
    resource: withHeartbeat('{http: {path: /}}'),
    refused: { at: 'spec.heartbeat.http', says: 'http is only for a heartbeat of type HTTP' },
  },
  'settings of TCP for an HTTP heartbeat are refused': {
    resource: withHeartbeat('{type: HTTP, tcp: {port: 80}}'),
    refused: { at: 'spec.heartbeat.tcp', says: 'tcp is only for a heartbeat of type TCP' },
  },
  'a heartbeat of gRPC is taken': { resource: withHeartbeat('{type: GRPC, grpc: {service: shop.v1.Cart, port: 9000}}') },
  'a heartbeat of gRPC without settings is taken': { resource: withHeartbeat('{type: GRPC}') },
  'settings of gRPC for a heartbeat of another type are refused': {
    resource: withHeartbeat('{type: TCP, grpc: {port: 80}}'),
    refused: { at: 'spec.heartbeat.grpc', says: 'grpc is only for a heartbeat of type GRPC' },
  },
  'a service of gRPC with blanks is refused': {
    resource: withHeartbeat('{type: GRPC, grpc: {service: "a b"}}'),
    refused: { at: 'spec.heartbeat.grpc.service', says: 'must be a name of letters' },
  },
  'settings of TCP for a heartbeat of the default type are taken': { resource: withHeartbeat('{tcp: {port: 80}}') },
  'an HTTP heartbeat without settings is taken': { resource: withHeartbeat('{type: HTTP}') },
  'a threshold of 0 for failures is refused': {
    resource: withHeartbeat('{failureThreshold: 0}'),
    refused: { at: 'spec.heartbeat.failureThreshold', says: 'must be at least 1, not 0', serverSays: 'greater than or equal to 1' },
  },
  'a threshold of 0 for successes is refused': {
    resource: withHeartbeat('{successThreshold: 0}'),
    refused: { at: 'spec.heartbeat.successThreshold', says: 'must be at least 1, not 0', serverSays: 'greater than or equal to 1' },
  },
  'a jitter over 50 percent is refused': {
    resource: withHeartbeat('{jitterPercent: 51}'),
    refused: { at: 'spec.heartbeat.jitterPercent', says: 'must be at most 50', serverSays: 'less than or equal to 50' },
  },
  'a timeout of 0 is refused': { resource: withHeartbeat('{timeout: 0s}'), refused: { at: 'spec.heartbeat.timeout', says: SHORT_TIME } },
  'a timeout of 0 in four units is refused': {
    resource: withHeartbeat('{timeout: 0h0m0s0ms}'),
    refused: { at: 'spec.heartbeat.timeout', says: SHORT_TIME },
  },
  'a timeout that is a number is refused': {
    resource: withHeartbeat('{timeout: 500}'),
    refused: { at: 'spec.heartbeat.timeout', says: 'must be a string, not 500', serverSays: 'must be of type string' },
  },
  'a timeout without a unit is refused': {
    resource: withHeartbeat('{timeout: "500"}'),
    refused: { at: 'spec.heartbeat.timeout', says: SHORT_TIME },
  },
  'a timeout with a blank is refused': {
    resource: withHeartbeat('{timeout: 5 s}'),
    refused: { at: 'spec.heartbeat.timeout', says: SHORT_TIME },
  },
  'a timeout with a fraction is refused': {
    resource: withHeartbeat('{timeout: 0.5s}'),
    refused: { at: 'spec.heartbeat.timeout', says: SHORT_TIME },
  },
  'a timeout with a sign is refused': {
    resource: withHeartbeat('{timeout: "-5s"}'),
    refused: { at: 'spec.heartbeat.timeout', says: SHORT_TIME },
  },
  'a timeout in a unit that is none is refused': {
    resource: withHeartbeat('{timeout: 5us}'),
    refused: { at: 'spec.heartbeat.timeout', says: SHORT_TIME },
  },
  'a timeout of five units is refused': {
    resource: withHeartbeat('{timeout: 1ms1ms1ms1ms1ms}'),
    refused: { at: 'spec.heartbeat.timeout', says: SHORT_TIME },
  },
  'a timeout of six digits is refused': {
    resource: withHeartbeat('{timeout: 000500ms}'),
    refused: { at: 'spec.heartbeat.timeout', says: SHORT_TIME },
  },
  'a timeout with a line break at its end is refused': {
    resource: withHeartbeat('{timeout: "500ms\\n"}'),
    refused: { at: 'spec.heartbeat.timeout', says: SHORT_TIME },
  },
  'a timeout over the fixed interval is refused': {
    resource: withHeartbeat('{timeout: 201ms, schedule: {type: Fixed, fixed: {interval: 200ms}}}'),
    refused: { at: 'spec.heartbeat.timeout', says: TIMEOUT_OVER_INTERVAL },
  },
  'a timeout over the default interval is refused': {
    resource: withHeartbeat('{timeout: 1001ms}'),
    refused: { at: 'spec.heartbeat.timeout', says: TIMEOUT_OVER_INTERVAL },
  },
  'a timeout over the default interval of a fixed schedule is refused': {
    resource: withHeartbeat('{timeout: 2s, schedule: {type: Fixed}}'),
    refused: { at: 'spec.heartbeat.timeout', says: TIMEOUT_OVER_INTERVAL },
  },
  'a timeout of the fixed interval is taken': {
    resource: withHeartbeat('{timeout: 200ms, schedule: {type: Fixed, fixed: {interval: 200ms}}}'),
  },
  'a timeout of the fixed interval in other units is taken': {
    resource: withHeartbeat('{timeout: 1m30s, schedule: {type: Fixed, fixed: {interval: 90000ms}}}'),
  },
  'a fixed interval under the default timeout is taken, since the default gives way': {
    resource: withSchedule('{type: Fixed, fixed: {interval: 50ms}}'),
  },
  'a timeout over a second under a budget is taken': {
    resource: withHeartbeat('{timeout: 2s, schedule: {type: Budget, budget: {checksPerSecond: 5}}}'),
  },

  // Schedule
  'a schedule without a type is refused': {
    resource: withSchedule('{fixed: {interval: 1s}}'),
    refused: { at: 'spec.heartbeat.schedule.type', says: 'is required', serverSays: 'Required value' },
  },
  'an interval under 50ms is refused': {
    resource: withSchedule('{type: Fixed, fixed: {interval: 49ms}}'),
    refused: { at: 'spec.heartbeat.schedule.fixed.interval', says: INTERVAL },
  },
  'an interval over an hour is refused': {
    resource: withSchedule('{type: Fixed, fixed: {interval: 99999h99999h99999h99999h}}'),
    refused: { at: 'spec.heartbeat.schedule.fixed.interval', says: INTERVAL },
  },
  'an interval that is malformed is refused': {
    resource: withSchedule('{type: Fixed, fixed: {interval: often}}'),
    refused: { at: 'spec.heartbeat.schedule.fixed.interval', says: INTERVAL },
  },
  'settings of Budget for type Fixed are refused': {
    resource: withSchedule('{type: Fixed, budget: {checksPerSecond: 5}}'),
    refused: { at: 'spec.heartbeat.schedule.budget', says: 'a schedule of type Budget needs budget, and no other type may have it' },
  },
  'settings of Fixed for type Measured are refused': {
    resource: withSchedule('{type: Measured, fixed: {interval: 1s}}'),
    refused: { at: 'spec.heartbeat.schedule.fixed', says: 'fixed is only for a schedule of type Fixed' },
  },
  'settings of Measured for type Fixed are refused': {
    resource: withSchedule('{type: Fixed, measured: {}}'),
    refused: { at: 'spec.heartbeat.schedule.measured', says: 'measured is only for a schedule of type Measured' },
  },
  'type Budget without settings is refused': {
    resource: withSchedule('{type: Budget}'),
    refused: { at: 'spec.heartbeat.schedule.budget', says: 'a schedule of type Budget needs budget' },
  },
  'type Measured without settings is taken': { resource: withSchedule('{type: Measured}') },
  'a budget of 0 checks is refused': {
    resource: withSchedule('{type: Budget, budget: {checksPerSecond: 0}}'),
    refused: { at: 'spec.heartbeat.schedule.budget.checksPerSecond', says: 'must be at least 1', serverSays: 'greater than or equal to 1' },
  },
  'a minInterval over maxInterval is refused': {
    resource: withSchedule('{type: Budget, budget: {checksPerSecond: 5, minInterval: 2s, maxInterval: 1999ms}}'),
    refused: { at: 'spec.heartbeat.schedule.budget.minInterval', says: MIN_OVER_MAX },
  },
  'a minInterval over the default maxInterval is refused': {
    resource: withSchedule('{type: Measured, measured: {minInterval: 11s}}'),
    refused: { at: 'spec.heartbeat.schedule.measured.minInterval', says: MIN_OVER_MAX },
  },
  'a maxInterval under the default minInterval is refused': {
    resource: withSchedule('{type: Measured, measured: {maxInterval: 199ms}}'),
    refused: { at: 'spec.heartbeat.schedule.measured.minInterval', says: MIN_OVER_MAX },
  },
  'a minInterval that is maxInterval is taken': {
    resource: withSchedule('{type: Measured, measured: {minInterval: 1m, maxInterval: 60s}}'),
  },
  'a minInterval under 50ms is refused': {
    resource: withSchedule('{type: Measured, measured: {minInterval: 49ms}}'),
    refused: { at: 'spec.heartbeat.schedule.measured.minInterval', says: INTERVAL },
  },
  'a minInterval under 50ms of a budget is refused': {
    resource: withSchedule('{type: Budget, budget: {checksPerSecond: 5, minInterval: 49ms}}'),
    refused: { at: 'spec.heartbeat.schedule.budget.minInterval', says: INTERVAL },
  },
  'a maxInterval over an hour is refused': {
    resource: withSchedule('{type: Measured, measured: {maxInterval: 61m}}'),
    refused: { at: 'spec.heartbeat.schedule.measured.maxInterval', says: INTERVAL },
  },
  'a maxInterval under 50ms is refused': {
    resource: withSchedule('{type: Budget, budget: {checksPerSecond: 5, minInterval: 50ms, maxInterval: 1ms}}'),
    refused: { at: 'spec.heartbeat.schedule.budget.maxInterval', says: INTERVAL },
  },
};
