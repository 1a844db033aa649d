// NATS servers and relays that are one cluster, all on loopback.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { binDir, waitFor } from './harness.mjs';
import { has } from './proxies.mjs';

// Both the server, and a relay that was built with the library.
export const hasNats = has('nats-server') && readFileSync(path.join(binDir, 'creel-relay')).includes('libnats');

// Below 32768, where no other program is given ports.
let next = 21000 + (process.pid % 9000);
export async function lowPort() {
	for (;;) {
		const port = next++;
		const free = await new Promise((resolve) => {
			const server = net.createServer().on('error', () => resolve(false));
			server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
		});
		if (free) return port;
	}
}

/** The configuration of a server that is one of `all`: each { host, port, route, http, store } (`host`: loopback). */
export function brokerConfig({ name, host = '127.0.0.1', port, route, http, store }, all, extra = '') {
	const routes = all.map((b) => `"nats://${b.host ?? '127.0.0.1'}:${b.route}"`).join(', ');
	return `server_name: ${name}
listen: "${host}:${port}"
http: "${host}:${http}"
ping_interval: "2s"
ping_max: 2
jetstream { store_dir: "${store}" }
${all.length > 1 ? `cluster { name: creel, listen: "${host}:${route}", routes: [ ${routes} ] }` : ''}
${extra}
`;
}

/** One or three nats-servers; `urls` is what --cluster takes. Each has { process, config, port }. */
export class Brokers {
	static async start(world, count = 1, { extra = '' } = {}) {
		const b = new Brokers();
		b.world = world;
		b.all = [];
		const dir = world.fresh('nats');
		mkdirSync(dir);
		for (let i = 0; i < count; i++)
			b.all.push({ name: `n${i}`, port: await lowPort(), route: await lowPort(), http: await lowPort(), store: path.join(dir, `js${i}`) });
		for (const one of b.all) {
			one.config = path.join(dir, `${one.name}.conf`);
			writeFileSync(one.config, brokerConfig(one, b.all, extra));
		}
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

/** A server by { host, port }, or on loopback by its port. */
const dial = (at) => (typeof at === 'number' ? net.connect(at, '127.0.0.1') : net.connect(at.port, at.host ?? '127.0.0.1'));

/** One request over NATS's own protocol; gives the answer's text. */
export function ask(at, subject, text = '', timeoutMs = 10_000) {
	return new Promise((resolve, reject) => {
		let got = Buffer.alloc(0);
		const socket = dial(at);
		const inbox = `answer.${randomUUID()}`; // others ask at the same time
		const payload = Buffer.from(text);
		// A server that pings keeps the socket busy, so this is no setTimeout of its own.
		const timer = setTimeout(() => socket.destroy(), timeoutMs);
		socket.on('error', reject);
		socket.on('close', () => {
			clearTimeout(timer);
			reject(new Error(`${subject}: no answer`));
		});
		socket.write(`CONNECT {"verbose":false,"headers":false}\r\nSUB ${inbox} 1\r\n`);
		socket.write(Buffer.concat([Buffer.from(`PUB ${subject} ${inbox} ${payload.length}\r\n`), payload, Buffer.from('\r\n')]));
		socket.on('data', (piece) => {
			got = Buffer.concat([got, piece]);
			const at = got.indexOf(`MSG ${inbox} 1 `);
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
export function publish(at, subject, payload) {
	const socket = dial(at);
	socket.on('error', () => {});
	socket.resume();
	socket.end(Buffer.concat([Buffer.from(`CONNECT {"verbose":false,"headers":false}\r\nPUB ${subject} ${payload.length}\r\n`), payload, Buffer.from('\r\nPING\r\n')]));
}

/** Listens to a subject; `message()` waits for one: { text, reply }. */
export async function hear(at, subject) {
	let got = Buffer.alloc(0), ready = false;
	const messages = [];
	const socket = dial(at);
	socket.on('error', () => {});
	socket.on('data', (piece) => {
		got = Buffer.concat([got, piece]);
		for (;;) {
			const end = got.indexOf('\r\n');
			if (end < 0) return;
			const line = got.toString('latin1', 0, end).split(' ');
			const size = line[0] === 'MSG' ? Number(line.at(-1)) : -2;
			if (got.length < end + 4 + size) return;
			if (line[0] === 'MSG') messages.push({ text: Buffer.from(got.subarray(end + 2, end + 2 + size)), reply: line.length === 5 ? line[3] : undefined });
			if (line[0] === 'PING') socket.write('PONG\r\n');
			ready ||= line[0] === 'PONG';
			got = got.subarray(end + 4 + size);
		}
	});
	socket.write(`CONNECT {"verbose":false,"headers":false}\r\nSUB ${subject} 1\r\nPING\r\n`);
	await waitFor('the server to know who listens', () => ready);
	return { message: () => waitFor(`a message on ${subject}`, () => messages.shift()), close: () => socket.destroy() };
}

/** A record of the bucket, as its bytes; null where there is none. */
export async function readRecord(brokers, key) {
	const answer = JSON.parse(await ask(brokers.all[0], '$JS.API.STREAM.MSG.GET.KV_CREEL', JSON.stringify({ last_by_subj: `$KV.CREEL.${key}` })));
	return answer.message ? Buffer.from(answer.message.data ?? '', 'base64') : null;
}

/** Writes one over whatever is there. */
export const writeRecord = async (brokers, key, bytes) => assert.ok(JSON.parse(await ask(brokers.all[0], `$KV.CREEL.${key}`, bytes)).seq);
