/** The resource that the demo runs: what a user would write, and could apply to a cluster. */
export function demoResource(listenPort: number, firstServerPort: number): string {
  return `apiVersion: evenkeel.dev/v1alpha1
kind: LoadBalancedService
metadata: {name: demo}
spec:
  ports:
  - {name: http, port: ${listenPort}}
  backends:
  - name: hello
    type: Deployment
    ports: [{port: ${firstServerPort}}]
    deployment:
      replicas: 3
      template:
        spec:
          containers:
          - name: hello
            command: [evenkeel, hello, --linger, 0s]
  heartbeat:
    type: HTTP
    http: {path: /healthz}
    schedule: {type: Fixed, fixed: {interval: 200ms}}
    timeout: 200ms
    failureThreshold: 2
    successThreshold: 2
`;
}
