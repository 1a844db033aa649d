// A network of a test's own, in which this machine has addresses that are not loopback. Linux.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { within } from './harness.mjs';

export const hasNetns = process.platform === 'linux';

/**
 * From here on all that the world starts runs in the new network, with the addresses (`10.77.0.1/24`) on its loopback
 * device. A `hosts` file stands in the place of /etc/hosts there; what is written into it later counts as well.
 */
export async function enterNetns(world, addresses, { hosts } = {}) {
	const root = process.getuid() === 0;
	const mounts = hosts ? 'm' : '';
	const up = [...(hosts ? [`mount --bind '${hosts}' /etc/hosts`] : []), 'ip link set lo up', ...addresses.map((a) => `ip addr add ${a} dev lo${a.includes(':') ? ' nodad' : ''}`)].join(' && ');
	const holder = spawn('unshare', [root ? `-n${mounts}` : `-Urn${mounts}`, 'sh', '-c', `${up} && echo there && exec sleep infinity`], { stdio: ['ignore', 'pipe', 'pipe'], env: world.env });
	let said = '';
	holder.stderr.on('data', (piece) => (said += piece));
	const gone = once(holder, 'close');
	await within('the network', Promise.race([once(holder.stdout, 'data'), gone.then(() => Promise.reject(new Error(`no network of its own: ${said}`)))]));
	world.inside = ['nsenter', '-t', String(holder.pid), ...(root ? [] : ['-U', '--preserve-credentials']), '-n', ...(hosts ? ['-m', `--wd=${world.dir}`] : [])];
	world.keep({ close: () => holder.kill('SIGKILL') && gone });
}
