import { deployment, LABEL, type ResourceCases, shop, twoPorts, withBackends, withPorts, withTrusted } from './parts.ts';

const CIDR = 'must be a CIDR, such as 10.0.0.0/8 or fd00::/8';

export const portsCases: ResourceCases = {
  // Ports
  'a port 0 is refused': {
    resource: withPorts('[{name: http, port: 0}]'),
    refused: { at: 'spec.ports[0].port', says: 'must be at least 1, not 0', serverSays: 'greater than or equal to 1' },
  },
  'a port over 65535 is refused': {
    resource: withPorts('[{name: http, port: 65536}]'),
    refused: { at: 'spec.ports[0].port', says: 'must be at most 65535', serverSays: 'less than or equal to 65535' },
  },
  'a protocol in the wrong case is refused': {
    resource: withPorts('[{name: http, port: 80, protocol: http}]'),
    refused: { at: 'spec.ports[0].protocol', says: 'did you mean HTTP?', serverSays: 'Unsupported value' },
  },
  'a port name with capitals is refused': {
    resource: withPorts('[{name: Http, port: 80}]'),
    refused: { at: 'spec.ports[0].name', says: LABEL },
  },
  'two ports of one name are refused': {
    resource: withPorts('[{name: http, port: 80}, {name: http, port: 81}]'),
    refused: { at: 'spec.ports[1]', says: 'duplicate: name "http" is there already', serverSays: 'Duplicate value' },
  },
  'two ports of one number are refused': {
    resource: shop({
      ports: '[{name: http, port: 80}, {name: tcp, port: 80, protocol: TCP}]',
      backends: `[${deployment('a', ', ports: [{name: http, port: 80}, {name: tcp, port: 81}]')}]`,
    }),
    refused: { at: 'spec.ports', says: 'each port number may be given only once' },
  },
  'a trusted proxy that is no CIDR is refused': {
    resource: withTrusted('10.0.0.1'),
    refused: { at: 'spec.ports[0].trustedProxies[0]', says: CIDR },
  },
  'a CIDR with too long a prefix is refused': {
    resource: withTrusted('10.0.0.0/33'),
    refused: { at: 'spec.ports[0].trustedProxies[0]', says: CIDR },
  },
  'a CIDR with a zero before its prefix length is refused': {
    resource: withTrusted('10.0.0.0/08'),
    refused: { at: 'spec.ports[0].trustedProxies[0]', says: CIDR },
  },
  'a CIDR of all IPv6 addresses is taken': { resource: withTrusted('"::/0"') },
  'a CIDR that maps IPv4 into IPv6 is refused': {
    resource: withTrusted('"::ffff:10.0.0.0/104"'),
    refused: { at: 'spec.ports[0].trustedProxies[0]', says: CIDR },
  },
  'a CIDR with host bits is taken': { resource: withTrusted('10.1.2.3/8') },
  'a trusted proxy given twice is refused': {
    resource: withTrusted('10.0.0.0/8, 10.0.0.0/8'),
    refused: { at: 'spec.ports[0].trustedProxies[1]', says: 'duplicate: "10.0.0.0/8" is there already', serverSays: 'Duplicate value' },
  },
  'trusted proxies of a TCP port are refused': {
    resource: withPorts('[{name: db, port: 80, protocol: TCP, trustedProxies: [10.0.0.0/8]}]'),
    refused: { at: 'spec.ports[0].trustedProxies', says: 'trustedProxies is only for protocol HTTP or HTTPS' },
  },
  'trusted proxies of an HTTPS port are taken': {
    resource: withPorts('[{name: https, port: 443, protocol: HTTPS, trustedProxies: [10.0.0.0/8], tls: {certificateRefs: [{name: a}]}}]'),
  },
  'a port behind a proxy is taken': { resource: withPorts('[{name: db, port: 80, protocol: TCP, proxyProtocol: true}]') },
  'a PROXY protocol that is no boolean is refused': {
    resource: withPorts('[{name: http, port: 80, proxyProtocol: V2}]'),
    refused: { at: 'spec.ports[0].proxyProtocol', says: 'must be true or false', serverSays: 'must be of type boolean' },
  },
  'a connection age under a second is refused': {
    resource: withPorts('[{name: http, port: 80, maxConnectionAge: 999ms}]'),
    refused: { at: 'spec.ports[0].maxConnectionAge', says: 'must be a duration of 1s to 168h' },
  },
  'a connection age over a week is refused': {
    resource: withPorts('[{name: http, port: 80, maxConnectionAge: 168h1ms}]'),
    refused: { at: 'spec.ports[0].maxConnectionAge', says: 'must be a duration of 1s to 168h' },
  },

  // Ports of backends and those of the spec
  'a port name that no port has is refused': {
    resource: withBackends(deployment('a', ', ports: [{name: web, port: 8080}]')),
    refused: { at: 'spec.backends', says: 'must be the name of a port in spec.ports' },
  },
  'a port without a name is refused where there are several': {
    resource: shop({ ports: twoPorts, backends: `[${deployment('a')}]` }),
    refused: { at: 'spec.backends', says: 'needs a name where spec.ports has several ports' },
  },
  'an address of a port that no port has is refused': {
    resource: withBackends('{name: a, type: Addresses, addresses: [{host: a, port: 1, portName: web}]}'),
    refused: { at: 'spec.backends', says: 'each portName in backends[].addresses must be the name of a port in spec.ports' },
  },
  'an address without a port name is refused where there are several': {
    resource: shop({ ports: twoPorts }),
    refused: { at: 'spec.backends', says: 'needs a portName where spec.ports has several ports' },
  },
  'a port that no backend serves is refused': {
    resource: shop({ ports: twoPorts, backends: `[${deployment('a', ', ports: [{name: http, port: 8080}]')}]` }),
    refused: { at: 'spec.ports', says: 'each port in spec.ports must be served by at least one backend' },
  },
  'ports served by different backends are taken': {
    resource: shop({
      ports: twoPorts,
      backends: `[${deployment('a', ', ports: [{name: http, port: 8080}]')}, {name: b, type: Addresses, addresses: [{host: a, port: 1, portName: admin}]}]`,
    }),
  },
  'a port name given twice in a backend is refused': {
    resource: withBackends(deployment('a', ', ports: [{name: http, port: 80}, {name: http, port: 81}]')),
    refused: { at: 'spec.backends[0].ports', says: 'each port name may be given only once in a backend' },
  },
  'a port number given twice in a backend is refused': {
    resource: shop({ ports: twoPorts, backends: `[${deployment('a', ', ports: [{name: http, port: 80}, {name: admin, port: 80}]')}]` }),
    refused: { at: 'spec.backends[0].ports', says: 'each port may be given only once in a backend' },
  },
};
