import { type ResourceCases, withCheck, withHeader } from './parts.ts';

const PATH = 'must start with / and hold no blanks, line breaks or control characters';
const HEADER = 'spec.heartbeat.http.headers[0]';
const FRAMING = 'must not be Host or a field that frames the message or belongs to the connection';

export const heartbeatRequestCases: ResourceCases = {
  'a path that does not start with a slash is refused': {
    resource: withCheck('{path: healthz}'),
    refused: { at: 'spec.heartbeat.http.path', says: PATH },
  },
  'a path with CR and LF is refused': {
    resource: withCheck('{path: "/a\\r\\nX-Injected: 1"}'),
    refused: { at: 'spec.heartbeat.http.path', says: PATH },
  },
  'a path with a line break at its end is refused': {
    resource: withCheck('{path: "/a\\n"}'),
    refused: { at: 'spec.heartbeat.http.path', says: PATH },
  },
  'a path with a blank is refused': { resource: withCheck('{path: "/a b"}'), refused: { at: 'spec.heartbeat.http.path', says: PATH } },
  'a path with a control character is refused': {
    resource: withCheck('{path: "/a\\x01"}'),
    refused: { at: 'spec.heartbeat.http.path', says: PATH },
  },
  'a path with a letter that is not ASCII is refused': {
    resource: withCheck('{path: /grün}'),
    refused: { at: 'spec.heartbeat.http.path', says: PATH },
  },
  'a path with a fragment is refused': { resource: withCheck('{path: "/a#b"}'), refused: { at: 'spec.heartbeat.http.path', says: PATH } },
  'a path with a percent sign alone is refused': {
    resource: withCheck('{path: "/a%2"}'),
    refused: { at: 'spec.heartbeat.http.path', says: PATH },
  },
  'a heartbeat’s host with a path is refused': {
    resource: withCheck('{host: a/b}'),
    refused: { at: 'spec.heartbeat.http.host', says: 'must be a host name or IP address' },
  },
  'a heartbeat’s host with a line break is refused': {
    resource: withCheck('{host: "a\\r\\nb"}'),
    refused: { at: 'spec.heartbeat.http.host', says: 'must be a host name or IP address' },
  },
  'a heartbeat’s host of IPv6 in brackets is taken': { resource: withCheck('{host: "[::1]:8080"}') },
  'a range of statuses the wrong way round is refused': {
    resource: withCheck('{expectedStatuses: [{start: 399, end: 200}]}'),
    refused: { at: 'spec.heartbeat.http.expectedStatuses[0]', says: 'start must not be over end' },
  },
  'a status under 100 is refused': {
    resource: withCheck('{expectedStatuses: [{start: 99, end: 200}]}'),
    refused: {
      at: 'spec.heartbeat.http.expectedStatuses[0].start',
      says: 'must be at least 100',
      serverSays: 'greater than or equal to 100',
    },
  },
  'a status over 599 is refused': {
    resource: withCheck('{expectedStatuses: [{start: 200, end: 600}]}'),
    refused: { at: 'spec.heartbeat.http.expectedStatuses[0].end', says: 'must be at most 599', serverSays: 'less than or equal to 599' },
  },
  'a header whose name is no token is refused': {
    resource: withHeader('"X Check"'),
    refused: { at: `${HEADER}.name`, says: 'must be an HTTP field name' },
  },
  'a header whose name holds a colon is refused': {
    resource: withHeader('"X:"'),
    refused: { at: `${HEADER}.name`, says: 'must be an HTTP field name' },
  },
  'a header Host is refused': { resource: withHeader('Host'), refused: { at: `${HEADER}.name`, says: FRAMING } },
  'a header that frames the message is refused in any case': {
    resource: withHeader('CONTENT-length'),
    refused: { at: `${HEADER}.name`, says: FRAMING },
  },
  'a header Transfer-Encoding is refused': { resource: withHeader('Transfer-Encoding'), refused: { at: `${HEADER}.name`, says: FRAMING } },
  'a header Connection is refused': { resource: withHeader('connection'), refused: { at: `${HEADER}.name`, says: FRAMING } },
  'a header’s value with CR and LF is refused': {
    resource: withHeader('X-A', '"a\\r\\nB: c"'),
    refused: { at: `${HEADER}.value`, says: 'must be printable ASCII without line breaks' },
  },
  'a header’s value with NUL is refused': {
    resource: withHeader('X-A', '"a\\0b"'),
    refused: { at: `${HEADER}.value`, says: 'must be printable ASCII without line breaks' },
  },
  'a header’s value with a blank at its end is refused': {
    resource: withHeader('X-A', '"a "'),
    refused: { at: `${HEADER}.value`, says: 'without blanks at its ends' },
  },
  'a header given twice is refused': {
    resource: withCheck('{headers: [{name: A, value: x}, {name: A, value: y}]}'),
    refused: { at: 'spec.heartbeat.http.headers[1]', says: 'duplicate: name "A" is there already', serverSays: 'Duplicate value' },
  },
};
