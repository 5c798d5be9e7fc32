import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ContainerCommandError, containerCommand, expandCommand } from '../../../src/local/container-command.ts';

const pod = (...containers: unknown[]) => ({ spec: { containers } });

describe('containerCommand', () => {
  test('command and args are one row of words', () => {
    const { words } = containerCommand(pod({ name: 'a', command: ['node', 'server.js'], args: ['--port', '$(PORT)'] }), [8080]);
    assert.deepEqual(words, ['node', 'server.js', '--port', '$(PORT)']);
  });

  test('the container that declares the port of the backend serves', () => {
    const template = pod({ name: 'side', command: ['side'] }, { name: 'main', command: ['main'], ports: [{ containerPort: 8080 }] });
    assert.deepEqual(containerCommand(template, [8080]).words, ['main']);
    assert.deepEqual(containerCommand(template, [8080]).ignored, ['spec.containers[0]']);
  });

  test('the first container serves where none declares the port', () => {
    assert.deepEqual(containerCommand(pod({ name: 'a', command: ['first'] }, { name: 'b', command: ['second'] }), [8080]).words, ['first']);
  });

  test('literal variables are kept in order, those from elsewhere are ignored', () => {
    const env = [{ name: 'A', value: '1' }, { name: 'SECRET', valueFrom: { secretKeyRef: {} } }, { name: 'B' }];
    const { environment, ignored } = containerCommand(pod({ name: 'a', command: ['x'], env }), [8080]);
    assert.deepEqual(environment, [
      { name: 'A', value: '1' },
      { name: 'B', value: '' },
    ]);
    assert.deepEqual(ignored, ['spec.containers[0].env[SECRET]']);
  });

  test('all that means nothing here is listed', () => {
    const template = {
      metadata: { labels: {} },
      spec: { nodeSelector: {}, containers: [{ name: 'a', image: 'x', command: ['x'], workingDir: '/srv', resources: {}, ports: [] }] },
    };
    const { ignored, workingDirectory } = containerCommand(template, [8080]);
    assert.deepEqual(ignored, ['metadata', 'spec.nodeSelector', 'spec.containers[0].image', 'spec.containers[0].resources']);
    assert.equal(workingDirectory, '/srv');
  });

  const refused: Record<string, readonly [unknown, readonly (string | number)[], RegExp]> = {
    'an image without a command': [
      pod({ name: 'web', image: 'nginx' }),
      ['spec', 'containers', 0],
      /container "web" has no command.*image "nginx"/,
    ],
    'args alone': [pod({ name: 'web', image: 'nginx', args: ['-g'] }), ['spec', 'containers', 0, 'args'], /has no command/],
    'no container': [{ spec: {} }, ['spec', 'containers'], /no container/],
    'no template at all': [null, ['spec', 'containers'], /no container/],
  };
  for (const [sentence, [template, path, message]] of Object.entries(refused)) {
    test(`refused: ${sentence}`, () => {
      assert.throws(
        () => containerCommand(template, [8080]),
        (error) =>
          error instanceof ContainerCommandError && message.test(error.message) && JSON.stringify(error.path) === JSON.stringify(path),
      );
    });
  }
});

describe('expandCommand', () => {
  const command = containerCommand(
    pod({
      name: 'a',
      command: ['serve', '$(PORT)', '$(GREETING)', '$(LATER)'],
      env: [
        { name: 'WHO', value: 'world' },
        { name: 'GREETING', value: 'hello $(WHO) on $(PORT), not $(LATER)' },
        { name: 'LATER', value: 'later' },
        { name: 'PORT', value: '1' },
      ],
    }),
    [8080],
  );
  const { words, environment } = expandCommand(command, { PORT: '8081' });

  test('a value may refer to those before it, not to those after it', () => {
    assert.equal(environment.GREETING, 'hello world on 8081, not $(LATER)');
  });

  test('words may refer to all of them', () => {
    assert.deepEqual(words, ['serve', '8081', 'hello world on 8081, not $(LATER)', 'later']);
  });

  test('what is given wins over a literal of the same name', () => assert.equal(environment.PORT, '8081'));
});
