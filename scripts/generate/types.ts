import { compile, type JSONSchema } from 'json-schema-to-typescript';
import type { Crd, CrdSchema } from './crd.ts';

const BANNER = `// Generated from crds/ by scripts/generate.ts (npm run generate). Do not edit.
import type { ObjectMeta } from '../meta.ts';
`;

/** Parts that the code names. The rest stays inline in the part that holds it. */
const NAMES: Record<string, string> = {
  'LoadBalancedService.spec': 'LoadBalancedServiceSpec',
  'LoadBalancedService.spec.service': 'ClientService',
  'LoadBalancedService.spec.ports[]': 'Port',
  'LoadBalancedService.spec.ports[].tls': 'PortTls',
  'LoadBalancedService.spec.backends[]': 'Backend',
  'LoadBalancedService.spec.backends[].ports[]': 'BackendPort',
  'LoadBalancedService.spec.backends[].tls': 'BackendTls',
  'LoadBalancedService.spec.backends[].deployment': 'BackendDeployment',
  'LoadBalancedService.spec.backends[].addresses[]': 'BackendAddress',
  'LoadBalancedService.spec.heartbeat': 'Heartbeat',
  'LoadBalancedService.spec.heartbeat.schedule': 'Schedule',
  'LoadBalancedService.spec.balancer.dedicated.template': 'PodTemplateOverlay',
  'LoadBalancedService.spec.failover': 'Failover',
  'LoadBalancedService.spec.limits': 'Limits',
  'LoadBalancedService.status': 'LoadBalancedServiceStatus',
  'LoadBalancedService.status.conditions[]': 'Condition',
  'LoadBalancedService.status.summary': 'StatusSummary',
  'LoadBalancedService.status.backends[]': 'BackendStatus',
  'LoadBalancedService.status.heartbeat': 'HeartbeatStatus',
  'LoadBalancedService.status.unhealthyEndpoints[]': 'UnhealthyEndpoint',
  'LoadBalancedService.status.balancers[]': 'BalancerStatus',
  'LoadBalancedService.status.recentFailovers[]': 'RecentFailover',
  'BalancerReport.spec': 'BalancerReportSpec',
};

/** One interface per kind and per named part; the text of src/api/v1alpha1/types.ts. */
export async function generateTypes(crds: readonly Crd[]): Promise<string> {
  const parts: string[] = [BANNER];
  for (const crd of crds) {
    const schema = toJsonSchema(crd.schema, crd.kind);
    const properties = schema.properties as Record<string, JSONSchema>;
    properties.apiVersion = { tsType: `'evenkeel.dev/${crd.version}'` };
    properties.kind = { tsType: `'${crd.kind}'` };
    properties.metadata = { tsType: 'ObjectMeta' };
    schema.required = ['apiVersion', 'kind', 'metadata', 'spec'];
    const text = await compile(schema, crd.kind, {
      bannerComment: '',
      additionalProperties: false,
      ignoreMinAndMaxItems: true,
      enableConstEnums: false,
      style: { singleQuote: true, printWidth: 140 },
    });
    parts.push(text);
  }
  return parts.join('\n');
}

function toJsonSchema(schema: CrdSchema, path: string): JSONSchema {
  const out: JSONSchema = {};
  const title = NAMES[path];
  if (title) out.title = title;
  if (schema.description) out.description = schema.description;
  if (schema['x-kubernetes-int-or-string'] === true) return { ...out, tsType: 'number | string' };
  if (schema['x-kubernetes-preserve-unknown-fields'] === true) return { ...out, tsType: 'Record<string, unknown>' };
  if (schema.additionalProperties !== undefined) return { ...out, tsType: 'Record<string, string>' };
  if (schema.type) out.type = (schema.nullable === true ? [schema.type, 'null'] : schema.type) as NonNullable<JSONSchema['type']>;
  if (schema.enum) out.enum = schema.enum;
  if (schema.items) out.items = toJsonSchema(schema.items, `${path}[]`);
  if (schema.required) out.required = schema.required;
  if (schema.properties) {
    out.properties = Object.fromEntries(
      Object.entries(schema.properties).map(([name, value]) => [name, toJsonSchema(value, `${path}.${name}`)]),
    );
    out.additionalProperties = false;
  }
  return out;
}
