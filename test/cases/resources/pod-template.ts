import { long, type ResourceCases, withPodSpec, withTemplate } from './parts.ts';

const withOurs = (fields: string) => withPodSpec(`{containers: [{name: balancer, ${fields}}]}`);
const AT = 'spec.balancer.dedicated.template';
const OURS = {
  at: `${AT}.spec.containers`,
  says: 'of the container balancer only resources can be given; its image, command, args, environment, mounts, ports, probes and security context cannot be changed',
};

const refusedOfOurs = {
  image: 'image: evil',
  'pull policy': 'imagePullPolicy: Always',
  command: 'command: [sh]',
  arguments: 'args: [run]',
  'working directory': 'workingDir: /tmp',
  environment: 'env: [{name: NODE_OPTIONS, value: --require=/evil.js}]',
  'environment from a Secret': 'envFrom: [{secretRef: {name: a}}]',
  mounts: 'volumeMounts: [{name: a, mountPath: /app}]',
  devices: 'volumeDevices: [{name: a, devicePath: /dev/a}]',
  ports: 'ports: [{containerPort: 80}]',
  lifecycle: 'lifecycle: {preStop: {exec: {command: [sh]}}}',
  'liveness probe': 'livenessProbe: {httpGet: {path: /, port: 80}}',
  'readiness probe': 'readinessProbe: {httpGet: {path: /, port: 80}}',
  'startup probe': 'startupProbe: {httpGet: {path: /, port: 80}}',
  'security context': 'securityContext: {privileged: true}',
};

export const podTemplateCases: ResourceCases = {
  'an empty template of the balancer is taken': { resource: withTemplate('{}') },
  'a template of the balancer with all that it may hold is taken': {
    resource: withTemplate(`{
      metadata: {labels: {team: sales, app.kubernetes.io/part-of: shop}, annotations: {sidecar.istio.io/inject: "true"}},
      spec: {
        containers: [
          {name: balancer, resources: {requests: {cpu: 500m}, limits: {memory: 1Gi}}},
          {name: log, image: "log:1", args: [-v], env: [{name: A, value: b}], ports: [{containerPort: 9000}],
           volumeMounts: [{name: data, mountPath: /data}], securityContext: {runAsUser: 1000}}],
        initContainers: [{name: init, image: "init:1", restartPolicy: Always, resources: {requests: {cpu: 1}}}],
        volumes: [{name: data, emptyDir: {sizeLimit: 1Mi}}],
        imagePullSecrets: [{name: registry}],
        tolerations: [{key: edge, operator: Exists, tolerationSeconds: 60}],
        topologySpreadConstraints: [{maxSkew: 1, topologyKey: rack, whenUnsatisfiable: DoNotSchedule, labelSelector: {matchLabels: {team: sales}}}],
        nodeSelector: {pool: edge},
        affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: a, operator: Exists}]}]}}},
        priorityClassName: system-cluster-critical,
        runtimeClassName: gvisor,
        schedulerName: default-scheduler}}`),
  },
  ...Object.fromEntries(
    Object.entries(refusedOfOurs).map(([what, fields]) => [
      `a template of the balancer that changes the ${what} of our container is refused`,
      { resource: withOurs(fields), refused: OURS },
    ]),
  ),
  'a sidecar of the balancer without an image is refused': {
    resource: withPodSpec('{containers: [{name: log}]}'),
    refused: { at: `${AT}.spec.containers`, says: 'each container but balancer needs an image' },
  },
  'a container of the balancer without a name is refused': {
    resource: withPodSpec('{containers: [{image: log}]}'),
    refused: { at: `${AT}.spec.containers[0].name`, says: 'is required', serverSays: 'Required value' },
  },
  'an init container that has the name of our container is refused': {
    resource: withPodSpec('{initContainers: [{name: balancer, image: evil}]}'),
    refused: { at: `${AT}.spec.initContainers`, says: 'none may be called balancer, which is our container' },
  },
  'a volume that has the name of our own is refused': {
    resource: withPodSpec('{volumes: [{name: secrets, emptyDir: {}}]}'),
    refused: { at: `${AT}.spec.volumes`, says: "none may be called secrets, which is the volume of the balancer's certificates" },
  },
  'a service account of the balancer is refused': {
    resource: withPodSpec('{serviceAccountName: admin}'),
    refused: { at: `${AT}.spec.serviceAccountName`, says: "because the balancer's rights go with its own service account" },
  },
  'a service account of 254 characters is refused': {
    resource: withPodSpec(`{serviceAccountName: ${long(254)}}`),
    refused: {
      at: `${AT}.spec.serviceAccountName`,
      says: 'must have at most 253 characters',
      serverSays: 'may not be more than 253 bytes',
    },
  },
  ...Object.fromEntries(
    ['containers', 'initContainers', 'volumes', 'imagePullSecrets'].map((list) => [
      `two ${list} of one name are refused`,
      {
        resource: withPodSpec(`{${list}: [{name: a, image: i}, {name: a, image: i}]}`),
        refused: { at: `${AT}.spec.${list}[1]`, says: 'duplicate: name "a" is there already', serverSays: 'Duplicate value' },
      },
    ]),
  ),
  'a security context of the balancer is refused': {
    resource: withPodSpec('{securityContext: {runAsUser: 0}}'),
    refused: { at: `${AT}.spec.securityContext`, says: 'because the balancer runs under the restricted Pod Security Standard' },
  },
  'a field of a PodSpec that is not for the balancer is refused': {
    resource: withPodSpec('{hostNetwork: true}'),
    refused: { at: `${AT}.spec.hostNetwork`, says: 'unknown field' },
  },
  "a label that is the operator's own is refused": {
    resource: withTemplate('{metadata: {labels: {evenkeel.dev/service: other}}}'),
    refused: { at: `${AT}.metadata.labels`, says: "must not give the labels that are the operator's own" },
  },
  'a label by which our pods are known is refused': {
    resource: withTemplate('{metadata: {labels: {app.kubernetes.io/managed-by: me}}}'),
    refused: { at: `${AT}.metadata.labels`, says: "must not give the labels that are the operator's own" },
  },
  "an annotation that is the operator's own is refused": {
    resource: withTemplate('{metadata: {annotations: {evenkeel.dev/a: b}}}'),
    refused: { at: `${AT}.metadata.annotations`, says: "must not give annotations under evenkeel.dev/, which are the operator's own" },
  },
};
