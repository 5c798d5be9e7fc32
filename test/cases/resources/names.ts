import { deployment, fixed, LABEL, long, type ResourceCases, service, shop, withBackends, withName, withSpec } from './parts.ts';

export const namesCases: ResourceCases = {
  // Names
  'a resource of 53 characters is taken': { resource: withName(long(53)) },
  'a resource of 54 characters is refused': {
    resource: withName(long(54)),
    refused: { at: 'metadata.name', says: `${LABEL} of at most 53` },
  },
  'a resource that begins with a digit is refused': { resource: withName('"2shop"'), refused: { at: 'metadata.name', says: LABEL } },
  'a resource with a dot is refused': { resource: withName('shop.web'), refused: { at: 'metadata.name', says: LABEL } },
  'a resource with two hyphens in a row is refused, since its children are named by them': {
    resource: withName('shop--web'),
    refused: { at: 'metadata.name', says: LABEL },
  },
  'a backend whose name is no DNS-1035 label is refused': {
    resource: withBackends(fixed('Stable')),
    refused: { at: 'spec.backends[0].name', says: LABEL },
  },
  'a backend with two hyphens in a row is refused': {
    resource: withBackends(fixed('a--b')),
    refused: { at: 'spec.backends[0].name', says: LABEL },
  },
  'a backend that ends with a hyphen is refused': {
    resource: withBackends(fixed('a-')),
    refused: { at: 'spec.backends[0].name', says: LABEL },
  },
  'a backend without a name is refused': {
    resource: withBackends('{type: Addresses, addresses: [{host: a, port: 1}]}'),
    refused: { at: 'spec.backends[0].name', says: 'is required', serverSays: 'Required value' },
  },
  'a backend named balancer is refused': {
    resource: withBackends(fixed('balancer')),
    refused: { at: 'spec.backends[0].name', says: 'must not be balancer' },
  },
  'names of 61 characters together are taken': { resource: shop({ name: long(30), backends: `[${deployment(long(31))}]` }) },
  'names of 62 characters together are refused, since a Service is named by both': {
    resource: shop({ name: long(30), backends: `[${deployment(long(32))}]` }),
    refused: { at: 'spec.backends', says: 'must have at most 61 characters together' },
  },
  'names of 62 characters together are taken where nothing is made for the backend': {
    resource: shop({ name: long(30), backends: `[${fixed(long(32))}]` }),
  },
  'a Service name that is no DNS-1035 label is refused': {
    resource: withSpec('service: {name: 1store}'),
    refused: { at: 'spec.service.name', says: LABEL },
  },
  'a Service name that could be that of a backend is refused': {
    resource: withSpec('service: {name: other--stable}'),
    refused: { at: 'spec.service.name', says: LABEL },
  },
  'a Service that is taken over and left behind is taken': { resource: withSpec('service: {adoption: IfUnowned, deletion: Orphan}') },
  'a serviceRef to the clients’ own Service under its given name is refused': {
    resource: shop({ backends: `[${service('a', 'store')}]`, spec: 'service: {name: store}' }),
    refused: { at: 'spec.backends', says: 'must not name the Service that clients of this resource use' },
  },
  'a serviceRef to a Service of the resource’s name is taken where clients use another': {
    resource: shop({ backends: `[${service('a', 'shop')}]`, spec: 'service: {name: store}' }),
  },
  'a serviceRef to a Service of the resource’s own backend is refused': {
    resource: withBackends(service('a', 'shop--stable'), deployment('stable')),
    refused: { at: 'spec.backends', says: 'must not name a Service that is made for this resource itself' },
  },
  'a serviceRef to a Service of another resource’s backend is taken': { resource: withBackends(service('a', 'shop-two--stable')) },
  'a serviceRef that is no DNS-1035 label is refused': {
    resource: withBackends(service('a', 'old_shop')),
    refused: { at: 'spec.backends[0].serviceRef.name', says: LABEL },
  },
};
