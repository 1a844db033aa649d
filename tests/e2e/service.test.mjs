// The relay as a service: what it tells its manager (sd_notify), and its log as JSON.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { World, binDir, waitFor } from './lib/harness.mjs';

/** Node has no datagrams over unix sockets: a few lines of Perl take them, each as hexadecimal digits on a line. */
const TAKER = `
use Socket;
my $name = shift; $name =~ s/^@/\\0/;
my $s;
socket($s, AF_UNIX, SOCK_DGRAM, 0) && bind($s, pack_sockaddr_un($name)) or die $!;
$| = 1; print "bound\\n";
while (defined recv($s, my $text, 4096, 0)) { print unpack("H*", $text), "\\n" }
`;

async function taker(w, name) {
	const child = spawn('perl', ['-e', TAKER, name], { stdio: ['ignore', 'pipe', 'inherit'] });
	w.keep({ close: async () => (child.kill(), once(child, 'exit')) });
	let text = '';
	child.stdout.on('data', (piece) => (text += piece));
	const lines = () => text.split('\n').slice(0, -1);
	await waitFor('the socket', () => lines().includes('bound'));
	return { of: () => lines().slice(1).map((line) => Buffer.from(line, 'hex').toString()) };
}

describe('a root without devices', { skip: process.platform !== 'linux' && 'made by a mount of Linux' }, () => {
	it('relay and client say what they miss', async () => {
		const w = new World();
		try {
			const relay = await w.startRelay();
			w.inside = ['unshare', process.getuid() === 0 ? '-m' : '-Urm', 'sh', '-c', 'mount -t tmpfs none /dev && exec "$@"', 'sh'];
			const says = (program) => `${program}: /dev/urandom cannot be opened: No such file or directory; a container or chroot needs a /dev of its own\n`;
			const served = await w.run('creel-relay', ['serve', '--listen', '127.0.0.1:0', '--data', w.fresh('bare')]);
			assert.deepEqual([served.code, served.err.slice(served.err.lastIndexOf('creel-relay: '))], [3, says('creel-relay')]);
			const listened = await w.creel(['listen', '9', '--relay', `http://127.0.0.1:${relay.port}`]);
			assert.deepEqual([listened.code, listened.err], [3, says('creel')]);
			w.inside = [];
			await relay.stop('SIGTERM');
		} finally {
			await w.close();
		}
	});
});

describe('a service manager', () => {
	let w;
	before(() => (w = new World()));
	after(() => w?.close());

	for (const [what, name] of [['a path', () => w.path('notify')], ['an abstract name', () => `@creel-${process.pid}`]])
		it(`hears of the start, of reloads, of life and of the end, by ${what}`, async () => {
			const manager = await taker(w, name());
			const relay = await w.startRelay({ env: { NOTIFY_SOCKET: name(), WATCHDOG_USEC: '200000' } });
			await waitFor('three signs of life', () => manager.of().filter((t) => t === 'WATCHDOG=1').length >= 3);
			assert.match(manager.of()[0], /^READY=1\nSTATUS=serving http:\/\/127\.0\.0\.1:\d+$/);
			const before = manager.of().length;
			relay.signal('SIGHUP');
			await waitFor('the reload', () => manager.of().slice(before).includes('READY=1'));
			const reload = manager.of().slice(before).filter((t) => t !== 'WATCHDOG=1');
			assert.match(reload[0], /^RELOADING=1\nMONOTONIC_USEC=\d+$/);
			assert.equal(reload[1], 'READY=1');
			assert.equal((await relay.stop('SIGTERM')).code, 0);
			await waitFor('the end', () => manager.of().some((t) => t.startsWith('STOPPING=1\n')));
		});

	it('is not spoken to for another process, and a wrong name is no fault', async () => {
		const manager = await taker(w, w.path('other'));
		await w.startRelay({ env: { NOTIFY_SOCKET: w.path('other'), WATCHDOG_USEC: '100000', WATCHDOG_PID: '1' } });
		await waitFor('the start', () => manager.of().length > 0);
		const second = await w.startRelay({ env: { NOTIFY_SOCKET: 'nonsense', WATCHDOG_USEC: 'x' } });
		assert.equal((await second.stop('SIGTERM')).code, 0);
		assert.deepEqual(manager.of().filter((t) => t === 'WATCHDOG=1'), []);
	});
});

/** Opens two sockets as descriptors 3 and 4, tells which on file, and becomes the program. */
const OPENER = `
use Socket; use POSIX ();
$^F = 9;
my @ports;
for my $fd (3, 4) {
	my $s;
	socket($s, AF_INET, SOCK_STREAM, 0) && bind($s, pack_sockaddr_in(0, inet_aton("127.0.0.1"))) && listen($s, 8) or die $!;
	push @ports, (unpack_sockaddr_in(getsockname($s)))[0];
	POSIX::dup2(fileno($s), 20 + $fd);
}
POSIX::dup2(20 + $_, $_), POSIX::close(20 + $_) for 3, 4;
my $f;
open($f, '>', shift) && print $f "@ports\\n"; close($f);
@ENV{qw(LISTEN_PID LISTEN_FDS LISTEN_FDNAMES)} = ($$, 2, 'web:tunnels');
exec @ARGV;
`;

describe('sockets of a service manager', () => {
	it('are served in the place of --listen', async () => {
		const w = new World();
		try {
			const relay = w.spawn('perl', ['-e', OPENER, w.path('ports'), path.join(binDir, 'creel-relay'), 'serve', '--listen', '127.0.0.1:1', '--data', w.path('relay'), '--port-file', w.path('port')]);
			relay.kind = 'relay';
			const address = await w.fileFrom(relay, w.path('port'));
			const [web, tunnels] = readFileSync(w.path('ports'), 'utf8').trim().split(' ');
			assert.equal(address, `127.0.0.1:${web}`);
			assert.equal((await fetch(`http://${address}/none`)).status, 404);
			assert.match(relay.err, new RegExp(`address=127.0.0.1:${tunnels} for=tunnels`));
			assert.equal((await relay.stop('SIGTERM')).code, 0, relay.err);
		} finally {
			await w.close();
		}
	});
});

describe('the log as JSON', () => {
	it('has an object a line, whatever a sender says', async () => {
		const w = new World();
		try {
			const relay = await w.startRelay({ args: ['--log-format', 'json', '--log-level', 'debug'] });
			await fetch(`http://127.0.0.1:${relay.port}/n%22o/\\x`, { method: 'POST', body: 'x' });
			assert.equal((await relay.stop('SIGTERM')).code, 0);
			const lines = relay.err.trim().split('\n').map((line) => JSON.parse(line));
			assert.ok(lines.length >= 3);
			for (const line of lines) for (const key of ['ts', 'level', 'event']) assert.equal(typeof line[key], 'string');
			assert.ok(lines.some((line) => line.event === 'serving' && line.url.startsWith('http://')));
		} finally {
			await w.close();
		}
	});
});
