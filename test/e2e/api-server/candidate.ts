import { KubeClient } from '../../../src/kube/client.ts';
import { Elector } from '../../../src/kube/elector.ts';
import { findCredentials } from '../../../src/kube/kubeconfig.ts';

// candidate.ts NAMESPACE NAME: stands for election, and says on standard output when it leads. A process of its own, so that it can be killed.
const [namespace = '', holder = ''] = process.argv.slice(2);
const elector = new Elector({
  client: new KubeClient(await findCredentials()),
  namespace,
  name: 'election',
  holder,
  fieldManager: 'test',
  onStarted: () => console.log('leads'),
  onLost: () => console.log('lost'),
});
elector.start();
process.on('SIGTERM', () => void elector.stop().then(() => process.exit(0)));
