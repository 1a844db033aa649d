// What strangers and clients can make the relay hold in memory: bounded for each, and given back.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import { after, before, describe, it } from 'node:test';
import { World, waitFor } from './lib/harness.mjs';
import { field, post } from './lib/http.mjs';
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
		const waiting = post(relay.port, '/deaf/first', 'a');
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
		await flood(40 * MiB);
		const before = resident(relay);
		await flood(60 * MiB);
		const grown = resident(relay) - before;
		assert.ok(grown < 36 * MiB, `${grown} bytes more for 60 MiB of heads`);
		await waitFor('its tunnel to be closed', async () => (await relay.reached('stall')) === 1, 40_000);
		assert.equal((await waiting).status, 202);
		clearInterval(pongs);
		t.ws.terminate();
	});

	it('the relay ended cleanly', () => w.endsCleanly());
});
