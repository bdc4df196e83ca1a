/**
 * A small network for tests: Linux network namespaces as hosts, bridges as switches, cables that can be pulled. Everything is
 * named `mr-<pid>-…`, lies in namespaces of its own and goes with `close`. Needs root (see requireNetworkNamespaces).
 */
import { type ChildProcess, execFile, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';

const run = promisify(execFile);
const ip = (...parts: string[]): Promise<{ stdout: string }> => run('ip', parts);

export interface LabPlan {
  /** Networks by name, of up to 8 letters. The n-th has the addresses 10.77.n.0/24. */
  readonly bridges: readonly string[];
  /** Hosts, and the networks that each is in. Nobody has a default route. */
  readonly hosts: Readonly<Record<string, readonly string[]>>;
}

export interface LabHost {
  readonly name: string;
  /** For `ip netns exec` and `ip -n`. */
  readonly namespace: string;
  /** Its address in a network; in its first one when none is named. */
  address(bridge?: string): string;
  /** Starts a program in it; it is killed with the lab at the latest. Its pid is the program's own. */
  spawn(command: string, args: readonly string[], options?: SpawnOptions): ChildProcess;
  /** Runs a program in it to its end. Rejects when it fails. */
  exec(command: string, ...args: string[]): Promise<{ stdout: string; stderr: string }>;
  /** Pulls its cable to a network, or all of them: both ends lose the link, addresses stay. */
  cut(bridge?: string): Promise<void>;
  /** Puts it back. */
  restore(bridge?: string): Promise<void>;
  /** Takes the adapter out of the host altogether. */
  unplug(bridge: string): Promise<void>;
  /** Puts a new adapter with the same address in. */
  plug(bridge: string): Promise<void>;
}

export interface Lab {
  host(name: string): LabHost;
  /** The namespace with the bridges (`ip -n`, nft …); a host's port at a bridge is named `<host>-<bridge>`. */
  readonly switchNamespace: string;
  /** Ends everything that was started in it and removes it. */
  close(): Promise<void>;
}

/** Numbers the labs of this process. */
let labs = 0;

const alive = (pid: string): boolean => existsSync(`/proc/${pid}`);

/** Removes what test runs left that were killed. */
async function sweep(): Promise<void> {
  const { stdout } = await ip('netns', 'list');
  for (const [name, pid] of stdout.matchAll(/^mr-(\d+)-\d+-\S+/gm)) {
    if (pid !== undefined && !alive(pid)) await ip('netns', 'delete', name).catch(() => {});
  }
}

interface Cable {
  readonly bridge: string;
  readonly port: string;
  readonly address: string;
}

async function plugCable(cable: Cable, switchNamespace: string, namespace: string): Promise<void> {
  const { bridge, port, address } = cable;
  const adapter = `eth-${bridge}`;
  await ip(
    '-n',
    switchNamespace,
    'link',
    'add',
    'name',
    port,
    'type',
    'veth',
    'peer',
    'name',
    adapter,
    'netns',
    namespace,
  );
  await ip('-n', switchNamespace, 'link', 'set', 'dev', port, 'master', bridge, 'up');
  await ip('-n', namespace, 'address', 'add', `${address}/24`, 'dev', adapter);
  await ip('-n', namespace, 'link', 'set', 'dev', adapter, 'up');
}

async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

function createHost(
  name: string,
  namespace: string,
  switchNamespace: string,
  cables: readonly Cable[],
  children: Set<ChildProcess>,
): LabHost {
  const cableTo = (bridge: string | undefined): Cable => {
    const cable = bridge === undefined ? cables[0] : cables.find((one) => one.bridge === bridge);
    if (cable === undefined) throw new Error(`${name} is not in network ${bridge}`);
    return cable;
  };
  const setPorts = async (bridge: string | undefined, state: 'up' | 'down'): Promise<void> => {
    for (const { port } of bridge === undefined ? cables : [cableTo(bridge)])
      await ip('-n', switchNamespace, 'link', 'set', 'dev', port, state);
  };
  return {
    name,
    namespace,
    address: (bridge) => cableTo(bridge).address,
    spawn(command, args, options = {}) {
      const child = spawn('ip', ['netns', 'exec', namespace, command, ...args], options);
      children.add(child);
      child.on('exit', () => children.delete(child));
      return child;
    },
    exec: (command, ...args) => run('ip', ['netns', 'exec', namespace, command, ...args]),
    cut: (bridge) => setPorts(bridge, 'down'),
    restore: (bridge) => setPorts(bridge, 'up'),
    unplug: async (bridge) => {
      await ip('-n', switchNamespace, 'link', 'delete', 'dev', cableTo(bridge).port);
    },
    plug: (bridge) => plugCable(cableTo(bridge), switchNamespace, namespace),
  };
}

/**
 * Builds the network. Close it in afterAll.
 * @example createLab({ bridges: ['a', 'b'], hosts: { hub: ['a', 'b'], node1: ['a'], node2: ['b'] } })
 */
export async function createLab(plan: LabPlan): Promise<Lab> {
  await sweep();
  const prefix = `mr-${process.pid}-${labs++}`;
  const switchNamespace = `${prefix}-switch`;
  const children = new Set<ChildProcess>();
  const namespaces: string[] = [];
  const hosts = new Map<string, LabHost>();
  const addNamespace = async (name: string): Promise<void> => {
    await ip('netns', 'add', name);
    namespaces.push(name);
    await ip('-n', name, 'link', 'set', 'lo', 'up');
  };
  const close = async (): Promise<void> => {
    await Promise.all([...children].map(end));
    for (const name of namespaces.splice(0)) await ip('netns', 'delete', name);
  };
  try {
    await addNamespace(switchNamespace);
    for (const bridge of plan.bridges) {
      await ip('-n', switchNamespace, 'link', 'add', 'name', bridge, 'type', 'bridge', 'mcast_snooping', '0');
      await ip('-n', switchNamespace, 'link', 'set', 'dev', bridge, 'up');
    }
    for (const [index, [name, bridges]] of Object.entries(plan.hosts).entries()) {
      const namespace = `${prefix}-${name}`;
      const cables = bridges.map((bridge) => ({
        bridge,
        port: `${name}-${bridge}`,
        address: `10.77.${plan.bridges.indexOf(bridge)}.${index + 1}`,
      }));
      await addNamespace(namespace);
      for (const cable of cables) await plugCable(cable, switchNamespace, namespace);
      hosts.set(name, createHost(name, namespace, switchNamespace, cables, children));
    }
  } catch (error) {
    await close();
    throw error;
  }
  return {
    switchNamespace,
    host(name) {
      const host = hosts.get(name);
      if (host === undefined) throw new Error(`no host ${name} in this network`);
      return host;
    },
    close,
  };
}
