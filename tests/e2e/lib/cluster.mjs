// NATS servers and relays that are one cluster, all on loopback.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { binDir, waitFor } from './harness.mjs';
import { has } from './proxies.mjs';

// Both the server, and a relay that was built with the library.
export const hasNats = has('nats-server') && readFileSync(path.join(binDir, 'creel-relay')).includes('libnats');

// Below 32768, where no other program is given ports.
let next = 21000 + (process.pid % 9000);
async function lowPort() {
	for (;;) {
		const port = next++;
		const free = await new Promise((resolve) => {
			const server = net.createServer().on('error', () => resolve(false));
			server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
		});
		if (free) return port;
	}
}

/** One or three nats-servers; `urls` is what --cluster takes. Each has { process, config, port }. */
export class Brokers {
	static async start(world, count = 1, { extra = '' } = {}) {
		const b = new Brokers();
		b.world = world;
		b.all = [];
		const dir = world.fresh('nats');
		mkdirSync(dir);
		for (let i = 0; i < count; i++) b.all.push({ port: await lowPort(), route: await lowPort(), http: await lowPort() });
		const routes = b.all.map(({ route }) => `"nats://127.0.0.1:${route}"`).join(', ');
		b.all.forEach((one, i) => {
			one.config = path.join(dir, `n${i}.conf`);
			writeFileSync(one.config, `server_name: n${i}
listen: "127.0.0.1:${one.port}"
http: "127.0.0.1:${one.http}"
ping_interval: "2s"
ping_max: 2
jetstream { store_dir: "${path.join(dir, `js${i}`)}" }
${count > 1 ? `cluster { name: creel, listen: "127.0.0.1:${one.route}", routes: [ ${routes} ] }` : ''}
${extra}
`);
		});
		b.urls = `nats://${b.all.map(({ port }) => `127.0.0.1:${port}`).join(',')}`;
		for (const one of b.all) b.run(one);
		return b;
	}

	run(one) {
		one.process = this.world.spawn('nats-server', ['-c', one.config]);
	}

	async stop(one) {
		one.process.signal('SIGKILL');
		await one.process.end();
	}

	async stopAll() {
		for (const one of this.all) await this.stop(one);
	}
}

/** A relay that is a node of it, with an admin listener; waits until it is connected unless `wait` is false. */
export async function startNode(world, brokers, { args = [], replicas = brokers.all.length, wait = true, ...rest } = {}) {
	const adminFile = world.fresh('admin');
	const p = await world.startRelay({
		...rest,
		args: ['--cluster', brokers.urls, '--cluster-replicas', String(replicas), '--admin', '127.0.0.1:0', '--admin-port-file', adminFile, ...args],
	});
	p.admin = await world.fileFrom(p, adminFile);
	p.get = async (what) => {
		const r = await fetch(`http://${p.admin}${what}`);
		return { status: r.status, text: await r.text() };
	};
	if (wait) await connected(p);
	return p;
}

/** A leader is found some seconds after the servers began, and after each fault of one. */
export async function connected(p, timeoutMs = 60_000) {
	await waitFor(() => `a node to be in its cluster\n${p.err}`, async () => {
		if (p.result) throw new Error(`${p.name} ended with ${JSON.stringify(p.result)}\n${p.err}`);
		return /cluster: connected/.test((await p.get('/readyz')).text);
	}, timeoutMs);
}

/** One request over NATS's own protocol; gives the answer's text. */
export function ask(port, subject, text = '') {
	return new Promise((resolve, reject) => {
		let got = Buffer.alloc(0);
		const socket = net.connect(port, '127.0.0.1');
		const payload = Buffer.from(text);
		socket.setTimeout(10_000, () => socket.destroy(new Error(`${subject}: no answer`)));
		socket.on('error', reject);
		socket.write('CONNECT {"verbose":false,"headers":false}\r\nSUB answer 1\r\n');
		socket.write(Buffer.concat([Buffer.from(`PUB ${subject} answer ${payload.length}\r\n`), payload, Buffer.from('\r\n')]));
		socket.on('data', (piece) => {
			got = Buffer.concat([got, piece]);
			const at = got.indexOf('MSG answer 1 ');
			const end = at < 0 ? -1 : got.indexOf('\r\n', at);
			if (end < 0) return;
			const size = Number(got.toString('latin1', at, end).split(' ').pop());
			if (got.length < end + 2 + size) return;
			resolve(got.toString('utf8', end + 2, end + 2 + size));
			socket.destroy();
		});
	});
}

/** Publishes a message, which nobody answers. */
export function publish(port, subject, payload) {
	const socket = net.connect(port, '127.0.0.1');
	socket.on('error', () => {});
	socket.resume();
	socket.end(Buffer.concat([Buffer.from(`CONNECT {"verbose":false,"headers":false}\r\nPUB ${subject} ${payload.length}\r\n`), payload, Buffer.from('\r\nPING\r\n')]));
}

/** A record of the bucket, as its bytes; null where there is none. */
export async function readRecord(brokers, key) {
	const answer = JSON.parse(await ask(brokers.all[0].port, '$JS.API.STREAM.MSG.GET.KV_CREEL', JSON.stringify({ last_by_subj: `$KV.CREEL.${key}` })));
	return answer.message ? Buffer.from(answer.message.data ?? '', 'base64') : null;
}

/** Writes one over whatever is there. */
export const writeRecord = async (brokers, key, bytes) => assert.ok(JSON.parse(await ask(brokers.all[0].port, `$KV.CREEL.${key}`, bytes)).seq);
