import { fixed, long, type ResourceCases, shop, withBackends, withPorts } from './parts.ts';

const SECRET = 'must be the name of a Secret (lower-case letters, digits, hyphens and dots)';
const NEEDS = 'a port of protocol HTTPS needs tls, and no other protocol may have it';

const withTls = (tls: string) => withPorts(`[{name: https, port: 443, protocol: HTTPS, tls: ${tls}}]`);
const withSecret = (name: string) => withTls(`{certificateRefs: [{name: ${name}}]}`);
const withServers = (tls: string) => withBackends(fixed('a', `, tls: ${tls}`));
const PASSED = '[{name: tls, port: 443, protocol: TLS}]';
const withNames = (names: string) => shop({ ports: PASSED, backends: `[${fixed('a', `, serverNames: ${names}`)}]` });
const SERVER_NAME = 'must be a DNS name, or one below `*.`, without port or blanks';
const HOSTNAME = 'must be a DNS name, without port, wildcard or blanks';

export const tlsCases: ResourceCases = {
  'an HTTPS port with a certificate is taken': { resource: withSecret('shop-tls') },
  'a Secret whose name has dots is taken': { resource: withSecret('shop.example.com') },
  'an HTTPS port with all settings is taken': {
    resource: withTls(
      '{certificateRefs: [{name: a}, {name: b}], minVersion: "1.3", clientValidation: {caCertificateRef: {name: clients-ca}}}',
    ),
  },
  'an HTTPS port without tls is refused': {
    resource: withPorts('[{name: https, port: 443, protocol: HTTPS}]'),
    refused: { at: 'spec.ports[0].tls', says: NEEDS },
  },
  'an HTTP port with tls is refused': {
    resource: withPorts('[{name: http, port: 80, protocol: HTTP, tls: {certificateRefs: [{name: a}]}}]'),
    refused: { at: 'spec.ports[0].tls', says: NEEDS },
  },
  'a port of no protocol with tls is refused': {
    resource: withPorts('[{name: http, port: 80, tls: {certificateRefs: [{name: a}]}}]'),
    refused: { at: 'spec.ports[0].tls', says: NEEDS },
  },
  'a TCP port with tls is refused': {
    resource: withPorts('[{name: db, port: 80, protocol: TCP, tls: {certificateRefs: [{name: a}]}}]'),
    refused: { at: 'spec.ports[0].tls', says: NEEDS },
  },
  'tls without certificateRefs is refused': {
    resource: withTls('{minVersion: "1.2"}'),
    refused: { at: 'spec.ports[0].tls.certificateRefs', says: 'is required', serverSays: 'Required value' },
  },
  'a certificate given twice is refused': {
    resource: withTls('{certificateRefs: [{name: a}, {name: a}]}'),
    refused: { at: 'spec.ports[0].tls.certificateRefs[1]', says: 'duplicate: name "a" is there already', serverSays: 'Duplicate value' },
  },
  'a Secret named by a path is refused': {
    resource: withSecret('../other'),
    refused: { at: 'spec.ports[0].tls.certificateRefs[0].name', says: SECRET },
  },
  'a Secret with capitals is refused': {
    resource: withSecret('Shop'),
    refused: { at: 'spec.ports[0].tls.certificateRefs[0].name', says: SECRET },
  },
  'a Secret whose name has two dots in a row is refused': {
    resource: withSecret('a..b'),
    refused: { at: 'spec.ports[0].tls.certificateRefs[0].name', says: SECRET },
  },
  'a Secret with a name of 254 characters is refused': {
    resource: withSecret(long(254)),
    refused: { at: 'spec.ports[0].tls.certificateRefs[0].name', says: 'must have at most 253 characters', serverSays: 'Too long' },
  },
  'TLS 1.1 is refused': {
    resource: withTls('{certificateRefs: [{name: a}], minVersion: "1.1"}'),
    refused: { at: 'spec.ports[0].tls.minVersion', says: 'must be 1.2 or 1.3', serverSays: 'Unsupported value' },
  },
  'a version that is a number is refused': {
    resource: withTls('{certificateRefs: [{name: a}], minVersion: 1.3}'),
    refused: { at: 'spec.ports[0].tls.minVersion', says: 'must be a string', serverSays: 'must be of type string' },
  },
  'client validation without an authority is refused': {
    resource: withTls('{certificateRefs: [{name: a}], clientValidation: {}}'),
    refused: { at: 'spec.ports[0].tls.clientValidation.caCertificateRef', says: 'is required', serverSays: 'Required value' },
  },
  'an authority named by a path is refused': {
    resource: withTls('{certificateRefs: [{name: a}], clientValidation: {caCertificateRef: {name: a/b}}}'),
    refused: { at: 'spec.ports[0].tls.clientValidation.caCertificateRef.name', says: SECRET },
  },

  // How servers are spoken to
  'servers that are told whose a connection is are taken': { resource: withBackends(fixed('a', ', proxyProtocol: V2')) },
  'a PROXY protocol of another version is refused': {
    resource: withBackends(fixed('a', ', proxyProtocol: V3')),
    refused: { at: 'spec.backends[0].proxyProtocol', says: 'must be V1 or V2', serverSays: 'Unsupported value' },
  },
  'servers that speak TLS are taken': { resource: withServers('{caCertificateRef: {name: ca}, hostname: shop.internal}') },
  'servers that ask for a certificate are taken': {
    resource: withServers('{caCertificateRef: {name: ca}, hostname: shop, certificateRef: {name: balancer}}'),
  },
  'servers that nobody verifies are refused': {
    resource: withServers('{hostname: shop.internal}'),
    refused: { at: 'spec.backends[0].tls.caCertificateRef', says: 'is required', serverSays: 'Required value' },
  },
  'servers of no name are refused': {
    resource: withServers('{caCertificateRef: {name: ca}}'),
    refused: { at: 'spec.backends[0].tls.hostname', says: 'is required', serverSays: 'Required value' },
  },
  'a hostname with a wildcard is refused': {
    resource: withServers('{caCertificateRef: {name: ca}, hostname: "*.shop"}'),
    refused: { at: 'spec.backends[0].tls.hostname', says: HOSTNAME },
  },
  'a hostname that is an address is refused': {
    resource: withServers('{caCertificateRef: {name: ca}, hostname: 10.0.0.7}'),
    refused: { at: 'spec.backends[0].tls.hostname', says: HOSTNAME },
  },
  'a hostname with a port is refused': {
    resource: withServers('{caCertificateRef: {name: ca}, hostname: "shop:443"}'),
    refused: { at: 'spec.backends[0].tls.hostname', says: HOSTNAME },
  },
  "an authority of servers' named by a path is refused": {
    resource: withServers('{caCertificateRef: {name: a/b}, hostname: shop}'),
    refused: { at: 'spec.backends[0].tls.caCertificateRef.name', says: SECRET },
  },
  'a certificate for servers named by a path is refused': {
    resource: withServers('{caCertificateRef: {name: a}, hostname: shop, certificateRef: {name: ..}}'),
    refused: { at: 'spec.backends[0].tls.certificateRef.name', says: SECRET },
  },

  // TLS that is passed on
  'a TLS port is taken': { resource: withPorts(PASSED) },
  'a TLS port with tls is refused': {
    resource: withPorts('[{name: tls, port: 443, protocol: TLS, tls: {certificateRefs: [{name: a}]}}]'),
    refused: { at: 'spec.ports[0].tls', says: NEEDS },
  },
  'a TLS port with trusted proxies is refused': {
    resource: withPorts('[{name: tls, port: 443, protocol: TLS, trustedProxies: [10.0.0.0/8]}]'),
    refused: { at: 'spec.ports[0].trustedProxies', says: 'trustedProxies is only for protocol HTTP or HTTPS' },
  },
  'a protocol of backends whose only port is of TLS is refused': {
    resource: shop({ ports: PASSED, backends: `[${fixed('a', ', protocol: HTTP2')}]` }),
    refused: { at: 'spec.backends', says: 'protocol of a backend is for resources with a port of protocol HTTP' },
  },
  'server names are taken, in capitals, with wildcards and underscores too': {
    resource: withNames('[shop.example, Blog.Example, "*.shop.example", "*.test", a_b.example]'),
  },
  'server names without a TLS port are refused': {
    resource: withBackends(fixed('a', ', serverNames: [shop.example]')),
    refused: { at: 'spec.backends', says: 'serverNames of a backend are for resources with a port of protocol TLS' },
  },
  'a server name given twice is refused': {
    resource: withNames('[shop.example, shop.example]'),
    refused: { at: 'spec.backends[0].serverNames[1]', says: 'duplicate', serverSays: 'Duplicate value' },
  },
  'a server name that is a wildcard alone is refused': {
    resource: withNames('["*"]'),
    refused: { at: 'spec.backends[0].serverNames[0]', says: SERVER_NAME },
  },
  'a server name with a wildcard amid it is refused': {
    resource: withNames('["a.*.example"]'),
    refused: { at: 'spec.backends[0].serverNames[0]', says: SERVER_NAME },
  },
  'a server name with half a label as a wildcard is refused': {
    resource: withNames('["a*.example"]'),
    refused: { at: 'spec.backends[0].serverNames[0]', says: SERVER_NAME },
  },
  'a server name with a port is refused': {
    resource: withNames('["shop.example:443"]'),
    refused: { at: 'spec.backends[0].serverNames[0]', says: SERVER_NAME },
  },
  'a server name with a dot at its end is refused': {
    resource: withNames('[shop.example.]'),
    refused: { at: 'spec.backends[0].serverNames[0]', says: SERVER_NAME },
  },
  'a server name that is an address is refused': {
    resource: withNames('[10.0.0.7]'),
    refused: { at: 'spec.backends[0].serverNames[0]', says: SERVER_NAME },
  },
};
