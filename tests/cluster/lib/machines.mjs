// Machines of a test: each a network namespace on a bridge, which the test's own namespace has. run.sh makes that one with
// a process namespace, so that all of it goes when the test ends, however it ends. Where there can be none (not root, not
// Linux), all machines are this one, and nothing can be cut off.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Whether machines can be cut off from each other. */
export const canCut = process.env.CREEL_CLUSTER_GROUND === 'netns';
export const skipCuts = canCut ? false : 'only root on Linux can cut a machine off';

const ip = (...args) => run('ip', args);

/** The bridge; before any machine. The test itself is 10.99.0.1. */
export async function openBridge() {
	if (!canCut) return;
	await ip('link', 'set', 'lo', 'up');
	await ip('link', 'add', 'bridge', 'type', 'bridge');
	await ip('addr', 'add', '10.99.0.1/24', 'dev', 'bridge');
	await ip('link', 'set', 'bridge', 'up');
}

export class Machine {
	/** `number`: the last part of its address, from 2 to 254. `inside` goes before the command line of its programs. */
	static async add(number) {
		const m = new Machine();
		if (!canCut) return Object.assign(m, { host: '127.0.0.1', inside: [] });
		m.holder = spawn('unshare', ['--net', 'sh', '-c', 'ip link set lo up && echo there && exec sleep infinity'], { stdio: ['ignore', 'pipe', 'inherit'] });
		await once(m.holder.stdout, 'data');
		Object.assign(m, { host: `10.99.0.${number}`, link: `m${number}`, inside: ['nsenter', `--net=/proc/${m.holder.pid}/ns/net`] });
		await ip('link', 'add', m.link, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', String(m.holder.pid));
		await m.run('ip', 'addr', 'add', `${m.host}/24`, 'dev', 'eth0');
		await m.run('ip', 'link', 'set', 'eth0', 'up');
		await ip('link', 'set', m.link, 'master', 'bridge', 'up');
		return m;
	}

	/** Runs a command there to its end; gives its standard output. */
	async run(...command) {
		const [file, ...args] = [...this.inside, ...command];
		return (await run(file, args)).stdout;
	}

	/** From everything, as by a cable that is pulled; without `off`: back. */
	cut(off = true) {
		return ip('link', 'set', this.link, off ? 'down' : 'up');
	}

	/** From those machines alone, both ways: nothing is answered, not even refused. */
	async cutFrom(others, off = true) {
		for (const { host } of others)
			for (const [chain, side] of [['INPUT', '-s'], ['OUTPUT', '-d']]) await this.run('iptables', '-w', off ? '-A' : '-D', chain, side, host, '-j', 'DROP');
	}
}
