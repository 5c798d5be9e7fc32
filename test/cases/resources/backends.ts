import { deployment, fixed, long, type ResourceCases, service, shop, withBackends, withHost } from './parts.ts';

const HOST = 'must be an IP address or a DNS name, without brackets, port or blanks';
const FIRST_HOST = 'spec.backends[0].addresses[0].host';

export const backendsCases: ResourceCases = {
  // Backends
  'backends left out are refused': {
    resource:
      'apiVersion: evenkeel.dev/v1alpha1\nkind: LoadBalancedService\nmetadata: {name: shop}\nspec: {ports: [{name: http, port: 80}]}\n',
    refused: { at: 'spec.backends', says: 'is required', serverSays: 'Required value' },
  },
  'two backends of one name are refused': {
    resource: withBackends(fixed('a'), fixed('a')),
    refused: { at: 'spec.backends[1]', says: 'duplicate: name "a" is there already', serverSays: 'Duplicate value' },
  },
  'type Deployment without deployment is refused': {
    resource: withBackends('{name: a, type: Deployment, ports: [{port: 80}]}'),
    refused: { at: 'spec.backends[0].deployment', says: 'a backend of type Deployment needs deployment' },
  },
  'type Addresses with a deployment is refused': {
    resource: withBackends(fixed('a', ', deployment: {template: {}}')),
    refused: { at: 'spec.backends[0].deployment', says: 'no other type may have it' },
  },
  'type Service without serviceRef is refused': {
    resource: withBackends('{name: a, type: Service, ports: [{port: 80}]}'),
    refused: { at: 'spec.backends[0].serviceRef', says: 'a backend of type Service needs serviceRef' },
  },
  'type Deployment with a serviceRef is refused': {
    resource: withBackends(deployment('a', ', ports: [{port: 80}], serviceRef: {name: other}')),
    refused: { at: 'spec.backends[0].serviceRef', says: 'no other type may have it' },
  },
  'type Addresses without addresses is refused': {
    resource: withBackends('{name: a, type: Addresses}'),
    refused: { at: 'spec.backends[0].addresses', says: 'a backend of type Addresses needs addresses' },
  },
  'type Service with addresses is refused': {
    resource: withBackends(service('a', 'other', ', ports: [{port: 80}], addresses: [{host: a, port: 1}]')),
    refused: { at: 'spec.backends[0].addresses', says: 'no other type may have them' },
  },
  'type Deployment without ports is refused': {
    resource: withBackends(deployment('a', '')),
    refused: { at: 'spec.backends[0].ports', says: 'needs ports' },
  },
  'type Addresses with ports is refused': {
    resource: withBackends(fixed('a', ', ports: [{port: 80}]')),
    refused: { at: 'spec.backends[0].ports', says: 'one of type Addresses has them in its addresses' },
  },
  'type Addresses with a serverWeight is refused': {
    resource: withBackends(fixed('a', ', serverWeight: 2')),
    refused: { at: 'spec.backends[0].serverWeight', says: 'each address has its own weight' },
  },
  'a backend that speaks HTTP/2 is taken': { resource: withBackends(fixed('a', ', protocol: HTTP2')) },
  'a protocol of servers behind ports of TCP alone is refused': {
    resource: shop({ ports: '[{name: db, port: 80, protocol: TCP}]', backends: `[${fixed('a', ', protocol: HTTP2')}]` }),
    refused: { at: 'spec.backends', says: 'for resources with a port of protocol HTTP' },
  },
  'HTTP/2 to servers that want a PROXY header is taken': { resource: withBackends(fixed('a', ', protocol: HTTP2, proxyProtocol: V1')) },
  'HTTP/2 to servers that speak TLS is taken': {
    resource: withBackends(fixed('a', ', protocol: HTTP2, tls: {caCertificateRef: {name: ca}, hostname: shop.internal}')),
  },
  'a Deployment whose port is a name is refused': {
    resource: withBackends(deployment('a', ', ports: [{port: http}]')),
    refused: { at: 'spec.backends[0].ports', says: 'a port of a backend of type Deployment must be a number' },
  },
  'a Service whose port is a name is taken': { resource: withBackends(service('a', 'other', ', ports: [{port: http}]')) },
  'a port of a backend that is neither number nor name is refused': {
    resource: withBackends(service('a', 'other', ', ports: [{port: "a b"}]')),
    refused: { at: 'spec.backends[0].ports[0].port', says: 'must be a port number from 1 to 65535, or the name of a port' },
  },
  'a port of a backend over 65535 is refused': {
    resource: withBackends(deployment('a', ', ports: [{port: 65536}]')),
    refused: { at: 'spec.backends[0].ports[0].port', says: 'must be a port number from 1 to 65535' },
  },
  'a port of a backend that is a fraction is refused': {
    resource: withBackends(deployment('a', ', ports: [{port: 80.5}]')),
    refused: { at: 'spec.backends[0].ports[0].port', says: 'must be a whole number or a string', serverSays: '' },
  },
  'a template that is missing is refused': {
    resource: withBackends('{name: a, type: Deployment, ports: [{port: 80}], deployment: {replicas: 2}}'),
    refused: { at: 'spec.backends[0].deployment.template', says: 'is required', serverSays: 'Required value' },
  },
  'replicas under 0 are refused': {
    resource: withBackends('{name: a, type: Deployment, ports: [{port: 80}], deployment: {replicas: -1, template: {}}}'),
    refused: { at: 'spec.backends[0].deployment.replicas', says: 'must be at least 0', serverSays: 'greater than or equal to 0' },
  },

  // Weights
  'weights of 0 alone are refused': {
    resource: withBackends(fixed('a', ', weight: 0'), deployment('b', ', weight: 0, ports: [{port: 80}]')),
    refused: { at: 'spec.backends', says: 'at least one backend must have a weight over 0' },
  },
  'a weight of 0 beside another is taken': { resource: withBackends(fixed('a', ', weight: 0'), deployment('b')) },
  'a weight under 0 is refused': {
    resource: withBackends(fixed('a', ', weight: -1'), fixed('b')),
    refused: { at: 'spec.backends[0].weight', says: 'must be at least 0', serverSays: 'greater than or equal to 0' },
  },
  'a weight of a server of 0 is refused': {
    resource: withBackends(deployment('a', ', serverWeight: 0, ports: [{port: 80}]')),
    refused: { at: 'spec.backends[0].serverWeight', says: 'must be at least 1', serverSays: 'greater than or equal to 1' },
  },

  // Addresses
  'an IPv6 address is taken': { resource: withHost('"2001:db8::1"') },
  'localhost is taken': { resource: withHost('localhost') },
  'a name that begins with digits is taken': { resource: withHost('1password.example.com') },
  'an IPv6 address in brackets is refused': { resource: withHost('"[::1]"'), refused: { at: FIRST_HOST, says: HOST } },
  'an IPv6 address with a zone is refused': { resource: withHost('"fe80::1%eth0"'), refused: { at: FIRST_HOST, says: HOST } },
  'an IPv4 address mapped into IPv6 is refused': { resource: withHost('"::ffff:10.0.0.1"'), refused: { at: FIRST_HOST, says: HOST } },
  'an IPv4 address mapped into IPv6 in digits is refused': {
    resource: withHost('"0:0:0:0:0:ffff:a00:1"'),
    refused: { at: FIRST_HOST, says: HOST },
  },
  'an IPv4 address out of range is refused': { resource: withHost('10.0.0.256'), refused: { at: FIRST_HOST, says: HOST } },
  'an IPv4 address with a zero before a number is refused': { resource: withHost('10.0.0.01'), refused: { at: FIRST_HOST, says: HOST } },
  'a host with a port is refused': { resource: withHost('"a.example.com:80"'), refused: { at: FIRST_HOST, says: HOST } },
  'a URL for a host is refused': { resource: withHost('"http://a.example.com"'), refused: { at: FIRST_HOST, says: HOST } },
  'a host with a blank is refused': { resource: withHost('"a b"'), refused: { at: FIRST_HOST, says: HOST } },
  'a host with a line break at its end is refused': { resource: withHost('"a\\n"'), refused: { at: FIRST_HOST, says: HOST } },
  'a host with two dots in a row is refused': { resource: withHost('a..b'), refused: { at: FIRST_HOST, says: HOST } },
  'a host with a label of 64 characters is refused': { resource: withHost(long(64)), refused: { at: FIRST_HOST, says: HOST } },
  'an address given twice is refused': {
    resource: withBackends('{name: a, type: Addresses, addresses: [{host: a, port: 1}, {host: b, port: 1}, {host: a, port: 1}]}'),
    refused: {
      at: 'spec.backends[0].addresses[2]',
      says: 'duplicate: host "a" and port 1 is there already',
      serverSays: 'Duplicate value',
    },
  },
};
