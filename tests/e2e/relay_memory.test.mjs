// What strangers and clients can make the relay hold in memory: bounded for each, and given back.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import tls from 'node:tls';
import { after, before, describe, it } from 'node:test';
import { World, waitFor } from './lib/harness.mjs';
import { post, requestBytes, send } from './lib/http.mjs';
import { makeCertificate } from './lib/tls.mjs';
import { Tunnel } from './lib/tunnel.mjs';

const MiB = 1 << 20;
// What a sanitizer keeps of freed memory is not the program's.
const env = { ASAN_OPTIONS: 'detect_leaks=1:exitcode=99:quarantine_size_mb=8' };

/** Resident memory of a process, in bytes; 0 where the system does not tell. */
function resident(p) {
	try {
		return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${p.pid}/status`, 'utf8'))[1]) * 1024;
	} catch {
		return 0;
	}
}

/** With `metric(name)` of its admin listener. */
async function startRelay(w, args = []) {
	const adminFile = w.fresh('admin');
	const relay = await w.startRelay({ args: ['--admin', '127.0.0.1:0', '--admin-port-file', adminFile, ...args], env });
	const admin = await w.fileFrom(relay, adminFile);
	relay.metric = async (name) => {
		const text = await (await fetch(`http://${admin}/metrics`)).text();
		return Number(new RegExp(`^${name.replace(/[{}]/g, '\\$&')} (\\d+)$`, 'm').exec(text)?.[1]);
	};
	relay.reached = (limit) => relay.metric(`creel_relay_limit_reached_total{name="${limit}"}`);
	return relay;
}

/** A connection that takes whatever becomes of it; `text` is written at once. */
async function connect(w, relay, from, text) {
	const s = w.keep(net.connect({ port: relay.port, host: '127.0.0.1', localAddress: from }));
	s.close = () => s.destroy();
	s.on('error', () => {}).on('close', () => (s.gone = true));
	await once(s, 'connect').catch(() => {});
	if (text) s.write(text);
	return s;
}

/** What a tunnel's client sends first under TLS. */
async function clientHello() {
	const server = net.createServer().listen(0, '127.0.0.1');
	await once(server, 'listening');
	const client = tls.connect({ port: server.address().port, host: '127.0.0.1', ALPNProtocols: ['creel/1'] }).on('error', () => {});
	const [socket] = await once(server, 'connection');
	const [hello] = await once(socket, 'data');
	client.destroy();
	socket.destroy();
	server.close();
	return hello;
}

describe('a client that does not read', () => {
	let w, relay;
	before(async () => {
		w = new World();
		relay = await startRelay(w, ['--reply-timeout', '60s']);
	});
	after(() => w?.close());

	it('is sent no more than its queue holds, and loses its tunnel whatever it says; what it did not record waits in the spool', async () => {
		const t = await Tunnel.online(relay.port, 'deaf');
		t.ws.pause();
		const pongs = setInterval(() => t.ws.pong(), 300);
		const waiting = send(relay.port, requestBytes('POST', '/deaf/first', ['Host: localhost', 'Content-Length: 1'], 'a'), { timeoutMs: 60_000 });
		const head = `GET /deaf/x HTTP/1.1\r\nHost: localhost\r\nX-Pad: ${'x'.repeat(60_000)}\r\n\r\n`;
		const flood = async (size) => {
			for (let sent = 0; sent < size; sent += 20 * head.length)
				await Promise.all(Array.from({ length: 20 }, async () => {
					const s = await connect(w, relay, '127.0.0.1');
					await new Promise((done) => s.write(head, done));
					await new Promise((done) => setTimeout(done, 20));
					s.destroy();
				}));
		};
		try {
			// On a busy machine its queue is full only after some of them: from then on no memory grows with them.
			let grown;
			for (let times = 0; times < 4 && !(grown < 36 * MiB); times++) {
				const before = resident(relay);
				await flood(60 * MiB);
				grown = resident(relay) - before;
			}
			assert.ok(grown < 36 * MiB, `${grown} bytes more for 60 MiB of heads`);
			await waitFor('its tunnel to be closed', async () => (await relay.reached('stall')) === 1, 40_000);
			assert.equal((await waiting).status, 202);
		} finally {
			clearInterval(pongs);
			t.ws.terminate();
		}
	});

	it('the relay ended cleanly', () => w.endsCleanly());
});

describe('connections that say nothing', () => {
	let w, relay;
	before(async () => {
		w = new World();
		relay = await startRelay(w, ['--max-connections', '1000', '--max-connections-per-address', '0']);
	});
	after(() => w?.close());

	const at = async (from) => {
		const started = Date.now();
		const answer = await send(relay.port, requestBytes('POST', '/nobody/x', ['Host: localhost', 'Content-Length: 0']), { localAddress: from });
		assert.equal(answer.status, 404);
		return Date.now() - started;
	};

	it('fill the table, and nobody but themselves has to go for a sender of another address, or of the same', async () => {
		const silent = [];
		for (let i = 0; i < 1200; i += 50) silent.push(...(await Promise.all(Array.from({ length: 50 }, (_, k) => connect(w, relay, `127.0.1.${(i + k) % 3}`)))));
		await waitFor('the table to be full', async () => (await relay.reached('max-connections')) > 0);
		assert.ok((await relay.metric('creel_connections')) <= 1000);
		for (const from of ['127.0.2.1', '127.0.1.1', '127.0.1.0']) assert.ok((await at(from)) < 5000);
		silent.forEach((s) => s.destroy());
	});

	it('of one address are a share of the table', async () => {
		const silent = [];
		for (let i = 0; i < 600; i += 50) silent.push(...(await Promise.all(Array.from({ length: 50 }, () => connect(w, relay, '127.0.1.9')))));
		await waitFor('its oldest to be closed', async () => (await relay.reached('silent-per-address')) > 0 && silent[0].gone);
		assert.equal(silent.at(-1).gone, undefined);
		assert.ok((await at('127.0.1.9')) < 5000);
		silent.forEach((s) => s.destroy());
	});

	it('the relay ended cleanly', () => w.endsCleanly());
});

describe('tunnel handshakes that stop in the middle', () => {
	let w, relay;
	before(async () => {
		w = new World();
		const { cert, key } = makeCertificate(w.dir);
		relay = await startRelay(w, ['--max-connections-per-address', '0', '--header-timeout', '4s', '--tls-cert', cert, '--tls-key', key]);
	});
	after(() => w?.close());

	it('are few at once and of one address, end in time, stay counted until then, and keep nobody out', async () => {
		const hello = await clientHello();
		const held = [];
		for (let i = 0; i < 400; i += 20)
			held.push(...(await Promise.all(Array.from({ length: 20 }, (_, k) => connect(w, relay, `127.0.3.${1 + ((i + k) % 8)}`, hello)))));
		await waitFor('some to be dropped', async () => (await relay.reached('handshakes')) > 0);
		const count = await relay.metric('creel_connections');
		assert.ok(count > 100 && count <= 260, `${count} connections`);
		const t = await Tunnel.online(relay.port, 'honest');
		const closed = () => waitFor('all of them to be closed', async () => (await relay.metric('creel_connections')) <= 1, 20_000);
		await closed();
		for (let i = 0; i < 100; i += 20) held.push(...(await Promise.all(Array.from({ length: 20 }, () => connect(w, relay, '127.0.3.100', hello)))));
		await waitFor('the share of one address', async () => (await relay.reached('handshakes-per-address')) > 0);
		await (await Tunnel.online(relay.port, 'honest-too')).leave();
		await closed();
		assert.equal(t.over, undefined);
		held.forEach((s) => s.destroy());
	});

	it('wait for their turn when too many came to nothing, and count until HELLO', async () => {
		const upgrade = `GET /_creel/tunnel HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n`
			+ `Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: creel.v1\r\n\r\n`;
		const held = [], before = await relay.reached('handshakes-wasted');
		for (let i = 0; (await relay.reached('handshakes-wasted')) === before; i += 20) {
			assert.ok(i < 4000, 'none of 4000 had to wait');
			held.push(...(await Promise.all(Array.from({ length: 20 }, (_, k) => connect(w, relay, `127.0.3.${101 + ((i + k) % 8)}`, upgrade)))));
			const count = await relay.metric('creel_connections');
			assert.ok(count <= 300, `${count} connections`);
		}
		const t = await Tunnel.online(relay.port, 'honest-still');
		await t.leave();
		held.forEach((s) => s.destroy());
	});

	it('the relay ended cleanly', () => w.endsCleanly());
});

const ASAN = !process.env.CREEL_BIN_DIR || process.env.CREEL_BIN_DIR.includes('asan');

/** More than it can hold, on 240 and more connections to the tunnel `full`: many are refused, and afterwards it serves. */
async function overload(w, relay, count) {
	const t = await Tunnel.online(relay.port, 'full');
	const piece = Buffer.alloc(700_000, 'x'), senders = [];
	let most = 0;
	const watch = setInterval(() => (most = Math.max(most, resident(relay))), 20);
	for (let i = 0; i < count; i++) {
		const s = await connect(w, relay, '127.0.4.1', `POST /full/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${piece.length + 1}\r\n\r\n`);
		s.text = '';
		s.on('data', (data) => (s.text += data.toString('latin1')));
		s.write(piece);
		senders.push(s);
	}
	const refused = () => senders.filter((s) => s.text.startsWith('HTTP/1.1 503 ') && /Creel-Refused: overloaded\r\n/.test(s.text) && /Retry-After: 5\r\n/.test(s.text));
	await waitFor('many to be refused', () => refused().length > 100);
	assert.ok((await relay.reached('memory-max')) > 100);
	assert.ok(senders.some((s) => !s.text && !s.gone), 'and some are held');
	clearInterval(watch);
	senders.forEach((s) => s.destroy());
	// One that is asked late, behind all that came before, has 202 by then; the next one is asked in time.
	let last;
	const answered = new Set(), answerAll = setInterval(() => {
		for (const q of t.requests.filter((r) => r.target === '/after' && !answered.has(r))) t.answer(q), answered.add(q);
	}, 20);
	await waitFor(() => `an answer, not ${last?.status} ${last?.text}`, async () => (last = await post(relay.port, '/full/after', 'x'))?.status === 200, 60_000);
	clearInterval(answerAll);
	t.ws.terminate();
	return most;
}

describe('--memory-max', () => {
	const MAX = 96 * MiB;
	let w, relay;
	before(async () => {
		w = new World();
		relay = await startRelay(w, ['--memory-max', '96MiB', '--max-connections-per-address', '0']);
	});
	after(() => w?.close());

	it('load beyond it is refused with 503, the relay stays below it and serves afterwards', async () => {
		const most = await overload(w, relay, 240);
		if (!ASAN) assert.ok(most < MAX, `${most} bytes`);
	});

	it('the relay ended cleanly', () => w.endsCleanly());
});

/** A cgroup of its own with that limit, of version 2 or 1; null where none can be made. Of version 1 the relay is told. */
function makeCgroup(bytes) {
	const [root, name] = ['/sys/fs/cgroup', `creel-test-${process.pid}`];
	for (const [folder, limit, kills, args] of [
		[`${root}/${name}`, 'memory.max', 'memory.events', []],
		[`${root}/memory/${name}`, 'memory.limit_in_bytes', 'memory.oom_control', ['--memory-max', String(bytes)]],
	])
		try {
			mkdirSync(folder);
			try {
				readFileSync(`${folder}/${kills}`); // else it is a folder, and no cgroup
				writeFileSync(`${folder}/${limit}`, String(bytes));
				return { folder, args, kills: () => Number(/^oom_kill (\d+)$/m.exec(readFileSync(`${folder}/${kills}`, 'utf8'))?.[1] ?? 0) };
			} catch {
				rmdirSync(folder);
			}
		} catch { /* not ours to make */ }
	return null;
}

/** What is run behind it sees a cgroup of version 2 with that limit, which nobody enforces; null where it cannot be. */
function pretendCgroup(w, bytes) {
	const folder = w.fresh('cgroup');
	mkdirSync(folder);
	writeFileSync(path.join(folder, 'memory.max'), `${bytes}\n`);
	const inside = ['unshare', '--mount', 'sh', '-c', `mount --bind ${folder} /sys/fs/cgroup && exec "$@"`, 'sh'];
	const { stdout } = spawnSync(inside[0], [...inside.slice(1), 'sh', '-c', 'grep ^0:: /proc/self/cgroup && cat /sys/fs/cgroup/memory.max'], { encoding: 'utf8' });
	return stdout?.startsWith('0::/') && stdout.endsWith(`\n${bytes}\n`) ? inside : null;
}

describe('the limit of a cgroup of version 2', () => {
	const MAX = 96 * MiB;
	const w = new World();
	const inside = pretendCgroup(w, MAX);
	let relay;
	before(async () => {
		if (!inside) return;
		w.inside = inside;
		relay = await startRelay(w, ['--max-connections-per-address', '0']);
	});
	after(() => w.close());

	it('is kept to without an option: load beyond it is refused with 503', { skip: inside ? false : 'no mount namespace can be made here' }, async () => {
		const most = await overload(w, relay, 240);
		if (!ASAN) assert.ok(most < MAX, `${most} bytes`);
	});

	it('the relay ended cleanly', { skip: !inside }, () => w.endsCleanly());
});

describe('a limit that the system enforces', () => {
	// What a sanitizer needs for itself counts, too.
	const MAX = (ASAN ? 384 : 96) * MiB;
	const cgroup = makeCgroup(MAX);
	let w, relay;
	before(async () => {
		if (!cgroup) return;
		w = new World();
		w.inside = ['sh', '-c', `echo $$ > ${cgroup.folder}/cgroup.procs && exec "$@"`, 'sh'];
		relay = await startRelay(w, ['--max-connections-per-address', '0', ...cgroup.args]);
	});
	after(async () => {
		await w?.close();
		if (cgroup) rmdirSync(cgroup.folder);
	});

	it('so is load in a cgroup, and the system ends nothing', { skip: cgroup ? false : 'no cgroup can be made here' }, async (t) => {
		const most = await overload(w, relay, Math.ceil((2.4 * MAX) / 700_000));
		t.diagnostic(`limit ${MAX / MiB} MiB, at most ${(most / MiB).toFixed(0)} MiB resident`);
		assert.equal(relay.result, undefined);
		assert.equal(cgroup.kills(), 0);
	});

	it('the relay ended cleanly', { skip: !cgroup }, () => w.endsCleanly());
});
