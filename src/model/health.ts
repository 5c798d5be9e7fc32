/**
 * What the balancer believes of one endpoint.
 * - `Healthy`: gets traffic. A new endpoint starts here (its readiness, or the user's word, says so) and is checked at once.
 * - `Suspect`: its traffic has gone unanswered far longer than it normally takes, or a first heartbeat was missed: new requests go
 *   elsewhere while others can take them. Never written to status on its own.
 * - `Unhealthy`: `failureThreshold` checks were missed, or its traffic failed and a heartbeat agreed: out until `successThreshold` are answered.
 */
export type HealthState = 'Healthy' | 'Suspect' | 'Unhealthy';

/** Why an endpoint is in the state it is in; the `reason` in status, events and metrics. */
export type HealthReason =
  | 'Discovered' // new, nothing known against it
  | 'HeartbeatAnswered' // enough checks in a row were answered
  | 'TrafficAnswered' // requests that it kept waiting were answered
  | 'HeartbeatTimeout' // no answer within spec.heartbeat.timeout
  | 'AddressRefused' // its name stands for addresses to which no connection may be made
  | 'HeartbeatRefused' // the connection was refused, reset or could not be made
  | 'HeartbeatTlsFailed' // no TLS, or a certificate that is not trusted or not for its host
  | 'HeartbeatBadStatus' // an HTTP answer with a status that is not expected
  | 'HeartbeatBadResponse' // an answer that is not HTTP
  | 'TrafficUnanswered' // requests wait far longer than is normal here
  | 'TrafficFailed'; // connections for requests were refused or broke before a response
